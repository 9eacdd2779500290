import Foundation
import MillraceCore
import MillraceRedis
import MillraceTesting
import TestServers

@testable import MillraceCaching

/// Two caches over a store and a Redis of their own, which take the steps of a trace.
final class Replay: Sendable {
    /// A process, as it were.
    private struct Node {
        let cache: TieredCache
        let tier: StagedTier
        let client: RedisClient
        let clock: ManualClock
    }

    private let stage = Stage()
    static let key = CacheKey(stored: "replayed")
    private static let other = CacheKey(stored: "other")

    private var key: CacheKey { Self.key }
    private var other: CacheKey { Self.other }
    private let pattern: CachePattern
    private let cast: CacheModel.Cast
    private let server: ReplayServer
    private let store: any CacheStore
    private let nodes: [Node]

    init(
        _ cast: CacheModel.Cast, on server: ReplayServer, store: any CacheStore, id: String, without missing: Guard?
    ) throws {
        self.cast = cast
        self.server = server
        self.store = store
        pattern = try CachePattern("repl*")
        let weakness = missing.map { Weakness($0, server: server) }
        nodes = try (0..<2).map { [stage] _ in
            let client = try server.client()
            let tier = StagedTier(RedisCacheTier(client, storeID: id), stage: stage, key: Self.key, weakness: weakness)
            let clock = ManualClock()
            var options = TieredCache.Options()
            options.shared = tier
            options.limits = try CacheManager.Limits(entries: 1, bytes: 1 << 20)
            options.sharedBreaker.failures = 1_000
            options.time = SteadyTime(clock)
            let store = StagedStore(base: store, stage: stage, key: Self.key)
            return Node(
                cache: TieredCache(store: store, options: options), tier: tier, client: client, clock: clock)
        }
    }

    /// Brings all to where a trace begins.
    func prepare(_ beginning: CacheState) async throws {
        if beginning.store.hasValue {
            _ = try await store.put(key, CacheValue(bytes: Data([0])), ttl: .standard)
        }
        for node in nodes {
            // The first follow knows nothing, the second begins to listen, the last comes after what was missed before.
            for _ in 0..<2 { try await follow(node) }
            try await node.tier.hearAll()
            try await follow(node)
        }
        guard beginning.redis.slots.first != .absent else { return }
        for (index, node) in nodes.enumerated() {
            _ = try await node.cache.get(key)
            if beginning.nodes[index].memory == 0 { node.cache.memory.removeAll() }
        }
    }

    private func follow(_ node: Node) async throws {
        node.clock.advance(by: .seconds(1))
        _ = try await node.cache.get(other)
    }

    /// Takes the steps.
    func play(_ trace: [CacheStep]) async throws {
        for (place, step) in trace.enumerated() { try await take(step, rest: trace[place...]) }
        for node in nodes {
            try await node.tier.hearAll()
            // Redis may have been gone: the end is what is served when it is there again.
            try await eventually { (try? await node.tier.base.journal()) != nil }
        }
    }

    private func take(_ step: CacheStep, cue: Stage.Cue = .go, rest: ArraySlice<CacheStep>) async throws {
        switch step {
        case .write(let index, let phase, let isDelete):
            try await write(index, phase, isDelete: isDelete, cue, rest)
        case .read(let index, let phase): try await read(index, phase, cue)
        case .follow(let index, let phase): try await follow(index, phase, cue)
        case .invalidate(let phase): try await invalidate(phase, cue)
        case .message(let index): try await nodes[index].tier.hearNext()
        case .loseMessage(let index): try await nodes[index].tier.hearNext(isLost: true)
        case .failed(let step, let isDone): try await take(step, cue: .fail(isDone: isDone), rest: rest)
        case .late(let step): try await take(step, cue: .late, rest: rest)
        case .lateCommand: await stage.doLate()
        // Who ended takes no further step: it stays where it is.
        case .crash: break
        case .evictSlot, .expire: try await server.evictSlot()
        case .evictCursor: try await server.evictJournal()
        case .evictRules:
            if nodes[0].tier.weakness?.missing == .journal {
                try await server.evictRules()
            } else {
                try await server.evictJournal()
            }
        case .flush: try await server.flush()
        case .save: try await server.save()
        case .comeBack: try await server.comeBack()
        case .evictMemory(let index):
            // There is room for one.
            nodes[index].cache.memory.insert(try await store.put(other, CacheValue(bytes: Data([1])), ttl: .standard))
        case .trim: throw StoreError(.invalid, "a replay cannot trim the log")
        }
    }
}

// MARK: - Steps

extension Replay {
    private func write(
        _ index: Int, _ phase: CacheState.Writer.Phase, isDelete: Bool, _ cue: Stage.Cue, _ rest: ArraySlice<CacheStep>
    ) async throws {
        let actor = Actor.writer(index)
        let cache = nodes[cast.writers[index]].cache
        let value = CacheValue(bytes: Data([UInt8(10 + index)]))
        switch phase {
        case .mark:
            let deletes = rest.contains(.write(index, .commit, isDelete: true))
            begin(actor) { [key] in
                if deletes {
                    _ = try await cache.delete(key)
                } else {
                    _ = try await cache.put(key, value, ttl: .standard)
                }
            }
            try await perform(actor, .mark, cue)
        case .commit: try await perform(actor, .commit, cue)
        case .finish: try await perform(actor, .finish, cue)
        case .keep: try await end(actor)
        case .abort:
            try await perform(actor, .finish, cue)
            try await end(actor)
        case .lateCommit:
            if isDelete { _ = try await store.remove(key) } else { _ = try await store.put(key, value, ttl: .standard) }
        case .ended: break
        }
    }

    private func read(_ index: Int, _ phase: CacheState.Reader.Phase, _ cue: Stage.Cue) async throws {
        let actor = Actor.reader(index)
        switch phase {
        case .lease:
            begin(actor) { [cache = nodes[cast.readers[index]].cache, key] in _ = try await cache.get(key) }
            try await perform(actor, .find, cue)
        case .read: try await perform(actor, .read, cue)
        case .load: throw StoreError(.invalid, "a replay has no loads")
        case .settle: try await perform(actor, .settle, cue)
        case .keep: try await end(actor)
        case .ended: break
        }
    }

    private func follow(_ index: Int, _ phase: CacheState.Follow.Phase, _ cue: Stage.Cue) async throws {
        let actor = Actor.follower(index)
        switch phase {
        case .journal:
            if !stage.isPlaying(actor) {
                nodes[index].clock.advance(by: .seconds(1))
                begin(actor) { [cache = nodes[index].cache, other] in _ = try await cache.get(other) }
            }
            try await perform(actor, .journal, cue)
        case .ask:
            try await perform(actor, .ask, cue)
            // Without a guard, memory forgets at once.
            if nodes[index].tier.weakness?.missing == .drainFirst { try await end(actor) }
        case .begin: try await perform(actor, .begin, cue)
        case .tell: try await perform(actor, .tell, cue)
        // Without a guard, what must not outlive the server that was told comes later.
        case .advance: await stage.doLate()
        case .finish: try await end(actor)
        }
    }

    private func invalidate(_ phase: CacheState.Invalidator.Phase, _ cue: Stage.Cue) async throws {
        switch phase {
        case .commit:
            begin(.invalidator) { [cache = nodes[cast.invalidator ?? 0].cache, pattern] in
                _ = try await cache.invalidatePattern(pattern)
            }
            try await perform(.invalidator, .commit, cue)
        case .announce: try await perform(.invalidator, .announce, cue)
        case .forget: _ = try await stage.next(of: .invalidator)
        case .purge: try await perform(.invalidator, .purge, cue)
        case .retire: try await end(.invalidator)
        case .ended: break
        }
    }

    private func begin(_ actor: Actor, _ body: @escaping @Sendable () async throws -> Void) {
        stage.begin(actor)
        Task { [stage] in
            // What fails by the trace fails for its caller too.
            await Actor.$current.withValue(actor) { try? await body() }
            stage.end(actor)
        }
    }

    /// Takes the next step of an actor if it is this one; the protocol that is shipped may have no need of it.
    private func perform(_ actor: Actor, _ call: Stage.Call, _ cue: Stage.Cue) async throws {
        guard try await stage.next(of: actor) == call else { return }
        try await stage.perform(actor, cue)
    }

    private func end(_ actor: Actor) async throws {
        while try await stage.next(of: actor) != nil { try await stage.perform(actor) }
    }
}

// MARK: - The end

extension Replay {
    /// The nodes that serve something else than what the store has.
    func stale(afterFollow: Bool) async throws -> [Int] {
        let truth = try await store.entry(key)?.value
        var stale: [Int] = []
        for (index, node) in nodes.enumerated() {
            if afterFollow { node.clock.advance(by: .seconds(1)) }
            guard let hit = try await node.cache.get(key) else { continue }
            if hit.value != truth { stale.append(index) }
        }
        return stale
    }

    func close() async {
        stage.close()
        for node in nodes {
            node.cache.close()
            await node.client.shutdown(within: .seconds(1))
        }
    }
}
