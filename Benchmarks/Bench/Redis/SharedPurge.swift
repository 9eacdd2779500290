import Foundation
import Millrace
import MillraceCaching
import MillracePostgres
import MillraceRedis

/// Invalidates a million values that are in PostgreSQL and in Redis by a pattern, and looks until all are gone: how soon it
/// counts, and how long Redis was at any one command of ours.
final class SharedPurge {
    /// What was seen of one invalidation.
    struct Observation {
        /// From the call until neither a machine that had the last value in memory nor one that begins finds it.
        let counted: Duration
        /// The longest of all commands from the call until nothing is left in Redis.
        let slowest: Duration
        /// The longest call of a script that only counts, of those that came as densely and for as long afterwards: what
        /// the machine takes from any command.
        let slowestCounting: Duration
    }

    private let redis: RedisBenchServer
    private let server: BenchServer
    private var observations: [Observation] = []

    init(redis: RedisBenchServer, server: BenchServer) {
        self.redis = redis
        self.server = server
    }

    private static let schema = "shared_purge"
    private static let batch = 1_000
    private static let fillers = 4
    /// What takes the server fewer microseconds is of no interest.
    private static let shortest: Int64 = 200
    /// A step of a purge is about so many commands, none of which takes longer than so many additions of a script.
    private static let (callsOfStep, additions) = (7, 5_000)

    /// Observes so many invalidations, and as many of them once as are asked for by several figures.
    func observe(_ runs: Int) async throws -> [Observation] {
        guard observations.count < runs else { return Array(observations.prefix(runs)) }
        let stores = [try await server.store(Self.schema), try await server.store(Self.schema)]
        let (writer, reader) = (PostgresCacheStore(stores[0]), PostgresCacheStore(stores[1]))
        let storeID = try await stores[0].identity()
        while observations.count < runs {
            try Invalidation.fill(server, Self.schema)
            let (here, there) = (
                try CacheNode(redis, over: writer, storeID: storeID),
                try CacheNode(redis, over: reader, storeID: storeID)
            )
            for node in [here, there] { try await node.settle() }
            try await fill(here.tier, storeID)
            observations.append(try await observe(here, there, over: reader))
            for node in [here, there] { node.close() }
        }
        for store in stores { await store.close() }
        return observations
    }

    private func observe(_ here: CacheNode, _ there: CacheNode, over store: any CacheStore) async throws -> Observation
    {
        let last = try CacheKey("user:\(2 * Invalidation.count)")
        for node in [here, there] { _ = try await node.cache.get(last) }
        guard try await there.cache.get(last)?.tier == .l1,
            try await CacheNode.cache(over: store, there.tier).get(last)?.tier == .l2
        else { throw BenchmarkFailure("the values are not where they should be") }
        try await openConnections(to: store, there, last)
        let log = SlowLog(client: there.client)
        try await log.begin(from: Self.shortest)
        let start = ContinuousClock.now
        let invalidation = Task { try await here.cache.invalidatePattern(CachePattern("user:*")) }
        async let gone = Self.goneAt { try await there.cache.get(last) }
        async let goneForOthers = Self.goneAt { try await CacheNode.cache(over: store, there.tier).get(last) }
        let counted = start.duration(to: max(try await gone, try await goneForOthers))
        try await checkSample(there.cache)
        let outcome = try await invalidation.value
        guard outcome.changes(in: .l3) == Invalidation.count else {
            throw BenchmarkFailure("not all were removed: \(outcome.states)")
        }
        // What the call did not come to in Redis the upkeep does; the rule is there until that is done.
        while try await !here.tier.journal().rules.isEmpty { try await here.cache.maintain() }
        guard let epoch = try await here.tier.journal().cursor?.epoch, try await here.tier.count(in: epoch) == 0 else {
            throw BenchmarkFailure("not all are gone from Redis")
        }
        let slowest = try await log.slowest(atLeast: Self.shortest)
        let duration = start.duration(to: .now)
        try await log.begin(from: Self.shortest)
        try await count(for: duration, there.client)
        return Observation(
            counted: counted, slowest: slowest, slowestCounting: try await log.slowest(atLeast: Self.shortest))
    }

    /// Keeps the server as busy as a purge does with what needs nothing but a processor.
    private func count(for duration: Duration, _ client: RedisClient) async throws {
        let script = RedisScript("local sum = 0 for index = 1, \(Self.additions) do sum = sum + index end return sum")
        let calls = Array(repeating: (keys: [RedisArgument](), arguments: [RedisArgument]()), count: Self.callsOfStep)
        let end = ContinuousClock.now + duration
        while .now < end {
            let start = ContinuousClock.now
            for reply in await client.run(script, calls: calls) { _ = try reply.get() }
            try await Task.sleep(for: start.duration(to: .now))
        }
    }

    /// Has the store open as many connections as looks at once may need: to open one takes longer than what is measured.
    private func openConnections(to store: any CacheStore, _ node: CacheNode, _ key: CacheKey) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<BenchServer.connections {
                group.addTask { _ = try await CacheNode.cache(over: store, node.tier).get(key) }
            }
            try await group.waitForAll()
        }
    }

    /// When a value is not found any more.
    private static func goneAt(
        _ look: @escaping @Sendable () async throws -> CacheHit?
    ) async throws -> ContinuousClock.Instant {
        // Without a moment between two looks they would have the processors that the invalidation needs.
        while try await look() != nil { try await Task.sleep(for: .microseconds(100)) }
        return .now
    }

    private func checkSample(_ cache: TieredCache) async throws {
        let keys = try stride(from: 1, through: Invalidation.count, by: 1_001).map {
            try CacheKey("user:\(Invalidation.count + $0)")
        }
        guard try await cache.get(many: keys).isEmpty else { throw BenchmarkFailure("some values are left") }
    }

    /// Brings the values to Redis, as caches do that have found them in the store.
    private func fill(_ tier: RedisCacheTier, _ storeID: String) async throws {
        guard let epoch = try await tier.journal().cursor?.epoch else { throw BenchmarkFailure("Redis has no cursor") }
        var configuration = redis.configuration
        configuration.commandTimeout = .seconds(30)
        let client = try RedisClient(configuration)
        let filler = RedisCacheTier(client, storeID: storeID)
        let (share, now) = (Invalidation.count / Self.fillers, SystemWallClock().now())
        let value = CacheValue(bytes: Data(repeating: 0, count: 100))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<Self.fillers {
                group.addTask {
                    for start in stride(from: part * share + 1, through: (part + 1) * share, by: Self.batch) {
                        let leases = try (start..<start + Self.batch).map {
                            SharedLease(try CacheKey("user:\(Invalidation.count + $0)"), in: epoch)
                        }
                        _ = try await filler.lease(leases.map { SharedLease.Request($0) })
                        let isThere = try await filler.settle(
                            leases.map { lease in
                                let entry = CacheEntry(
                                    key: lease.key, value: value, createdAt: now, expiresAt: now + .seconds(86_400),
                                    version: 0)
                                return SharedLease.Settlement(
                                    lease,
                                    SharedValue(
                                        version: 0, envelope: CacheEnvelope.encode(entry), remaining: .seconds(86_400)))
                            })
                        guard isThere.allSatisfy({ $0 }) else { throw BenchmarkFailure("a value did not come in") }
                    }
                }
            }
            try await group.waitForAll()
        }
        client.close()
    }
}
