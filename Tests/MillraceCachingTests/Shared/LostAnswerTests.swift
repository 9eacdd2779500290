import MillraceCore
import MillraceTesting
import Synchronization
import Testing

@testable import MillraceCaching

/// What was asked of the shared tier and done, of which nobody has heard, keeps nobody waiting.
@Suite(.timeLimit(.minutes(5))) struct LostAnswerTests {
    enum Lookup: CaseIterable { case get, many, load }
    enum Write: CaseIterable { case put, delete }
    /// Why the answer does not come.
    enum Loss: CaseIterable { case timeOut, cancellation }

    private let fleet = SharedFleet()
    private let sample = key("a")

    /// Runs something that is cancelled with what is called in it.
    private final class Caller: Sendable {
        private let task = Mutex<Task<CacheOutcome?, any Error>?>(nil)

        @discardableResult
        func run(_ body: @escaping @Sendable () async throws -> CacheOutcome?) async -> Result<CacheOutcome?, any Error>
        {
            let running = task.withLock { task in
                let running = Task { try await body() }
                task = running
                return running
            }
            return await running.result
        }

        func cancel() { task.withLock { $0 }?.cancel() }
    }

    /// A cache that loses the answers to a call; it is in step.
    private func machine(
        losing lost: SlowTier.Call, by loss: Loss, _ caller: Caller, calls: Counter = Counter()
    ) async throws -> TieredCache {
        var tier = SlowTier(fleet.tier) {}
        tier.beforeAnswer = { call async throws(StoreError) in
            if call == .finish { calls.increment() }
            guard call == lost else { return }
            switch loss {
            case .timeOut: throw StoreError(.unavailable, "no answer in time")
            case .cancellation:
                caller.cancel()
                if Task.isCancelled { throw StoreError(.cancelled, "cancelled before the answer came") }
            }
        }
        let cache = TieredCache(store: fleet.store, shared: tier, clock: fleet.clock)
        _ = try await cache.stats()
        #expect(cache.shared?.isOpen == true)
        return cache
    }

    @Test(arguments: Lookup.allCases, Loss.allCases)
    func `a lease of which nobody heard is given back`(lookup: Lookup, loss: Loss) async throws {
        let caller = Caller()
        let cache = try await machine(losing: .lease, by: loss, caller)
        await caller.run { [sample] in
            switch lookup {
            case .get: _ = try await cache.get(sample)
            case .many: _ = try await cache.get(many: [sample, key("b")])
            case .load:
                _ = try await cache.value(for: sample, ttl: .standard) {
                    caller.cancel()
                    throw CancellationError()
                }
            }
            return nil
        }
        try await eventually { fleet.tier.content(sample) == .absent && fleet.tier.content(key("b")) == .absent }
    }

    @Test func `a put that is cancelled after its commit brings its value, and the tier stays open`() async throws {
        let caller = Caller()
        let cache = try await machine(losing: .finish, by: .cancellation, caller)
        let outcome = await caller.run { [sample] in try await cache.put(sample, value("1"), ttl: .standard) }
        #expect(try outcome.get()?.states[.l2] == .done(changes: 1))
        #expect(cache.shared?.isOpen == true)
        #expect(try await fleet.machine().get(sample)?.tier == .l2)
    }

    @Test(arguments: Write.allCases)
    func `a write that is cancelled while it is marked leaves no mark, and the tier stays open`(write: Write)
        async throws
    {
        let caller = Caller()
        let cache = try await machine(losing: .mark, by: .cancellation, caller)
        await caller.run { [sample] in try await self.write(write, sample, to: cache) }
        #expect(cache.shared?.isOpen == true)
        #expect(fleet.tier.content(sample) == .absent)
    }

    @Test(arguments: Write.allCases)
    func `a mark of which nobody heard is taken away after the write, without a value`(write: Write) async throws {
        let finishes = Counter()
        let cache = try await machine(losing: .mark, by: .timeOut, Caller(), calls: finishes)
        let isMarked = Mutex(false)
        fleet.store.after(write == .put ? .put : .remove) { [fleet, sample] () async throws(StoreError) in
            isMarked.withLock { $0 = if case .mark = fleet.tier.content(sample) { true } else { false } }
        }
        let outcome = try await self.write(write, sample, to: cache)
        #expect(outcome.states[.l2] == .skipped(reason: "no answer in time"))
        #expect(isMarked.withLock { $0 }, "until it is written, nobody fills what was there before")
        #expect(cache.shared?.isOpen == false)
        try await eventually { fleet.tier.content(sample) == .absent }
        #expect(finishes.value == 0)
    }

    @Test func `a value of which nobody knows whether it came is taken away`() async throws {
        let cache = try await machine(losing: .finish, by: .timeOut, Caller())
        let outcome = try await write(.put, sample, to: cache)
        #expect(outcome.states[.l2] == .skipped(reason: "no answer in time"))
        #expect(cache.shared?.isOpen == false)
        try await eventually { fleet.tier.content(sample) == .absent }
    }

    private func write(_ write: Write, _ key: CacheKey, to cache: TieredCache) async throws -> CacheOutcome {
        switch write {
        case .put: try await cache.put(key, value("1"), ttl: .standard)
        case .delete: try await cache.delete(key)
        }
    }
}
