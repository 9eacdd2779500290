import Foundation
import Millrace
import MillraceCaching
import MillracePostgres
import MillraceRedis
import Synchronization

/// How soon a put or a deletion by one machine is seen by another one that has the value in memory, from before it is
/// begun, at a percentile; beside the bare write to the store and a bare message after it, until that is heard.
struct SeenElsewhere: Benchmark {
    let redis: RedisBenchServer
    let server: BenchServer
    /// 50 or 99.
    let percentile: Int

    var name: String { "invalidation-seen-p\(percentile)" }

    private static let writes = 500
    private static let keyCount = 50

    func measure(runs: Int) async throws -> Figure {
        let store = try await server.store("seen_elsewhere")
        let entries = PostgresCacheStore(store)
        let storeID = try await store.identity()
        let (here, there) = (
            try CacheNode(redis, over: entries, storeID: storeID), try CacheNode(redis, over: entries, storeID: storeID)
        )
        for node in [here, there] { try await node.settle() }
        let pairs = try await pairs(
            runs, ours: { try await milliseconds { try await seen($0, here, there) } },
            limit: { try await bare(here.client, entries) })
        for node in [here, there] { node.close() }
        await store.close()
        return Figure(name: name, unit: "ms", wanted: 0, pairs: pairs, isTime: true)
    }

    /// The percentile of what many writes take, in milliseconds.
    private func milliseconds(_ write: (Int) async throws -> Duration) async throws -> Double {
        var times: [Duration] = []
        for turn in 0..<Self.writes { times.append(try await write(turn)) }
        return times.sorted()[(times.count - 1) * percentile / 100].inSeconds * 1_000
    }

    /// One write here of what is in memory there, until it is seen there.
    private func seen(_ turn: Int, _ here: CacheNode, _ there: CacheNode) async throws -> Duration {
        let key = try CacheKey("bench:\(turn % Self.keyCount)")
        let (old, new) = (Self.value("old \(turn)"), Self.value("new \(turn)"))
        try await here.cache.put(key, old, ttl: .standard)
        while there.cache.hit(key)?.value != old { _ = try await there.cache.get(key) }
        let start = ContinuousClock.now
        async let end = Self.end(of: old, under: key, in: there.cache)
        if turn.isMultiple(of: 2) {
            try await here.cache.put(key, new, ttl: .standard)
        } else {
            try await here.cache.delete(key)
        }
        let seenAt = try await end
        let found = try await there.cache.get(key)?.value
        guard found == (turn.isMultiple(of: 2) ? new : nil) else {
            throw BenchmarkFailure("something else was seen than what was written")
        }
        return start.duration(to: seenAt)
    }

    /// When a value is not found any more.
    private static func end(
        of old: CacheValue, under key: CacheKey, in cache: TieredCache
    ) async throws -> ContinuousClock.Instant {
        while try await cache.get(key)?.value == old { try await Task.sleep(for: .microseconds(100)) }
        return .now
    }

    private static func value(_ text: String) -> CacheValue { CacheValue(bytes: Data(text.utf8)) }

    /// The same for bare writes and messages.
    private func bare(_ client: RedisClient, _ store: PostgresCacheStore) async throws -> Double {
        let (events, continuation) = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
        let subscription = try RedisSubscription(client.configuration, channels: ["bench"]) { event in
            switch event {
            case .message, .gap: continuation.yield(.now)
            case .lost: continuation.finish()
            }
        }
        subscription.start()
        defer { subscription.close() }
        var heard = events.makeAsyncIterator()
        // It listens.
        _ = await heard.next()
        return try await milliseconds { turn in
            let key = try CacheKey("bench:\(turn % Self.keyCount)")
            _ = try await store.put(key, Self.value("old \(turn)"), ttl: .standard)
            let start = ContinuousClock.now
            if turn.isMultiple(of: 2) {
                _ = try await store.put(key, Self.value("new \(turn)"), ttl: .standard)
            } else {
                _ = try await store.remove(key)
            }
            _ = try await client.send(RedisCommand("PUBLISH", "bench", "written"))
            guard let end = await heard.next() else { throw BenchmarkFailure("nothing was heard any more") }
            return start.duration(to: end)
        }
    }
}
