import Foundation
import Millrace
import MillraceCaching
import MillraceRedis
import MillraceSQLite
import NIOCore

/// Looks values up that Redis has and memory has not, through the whole cache, beside a bare GET of the same by the same
/// client.
///
/// There are many more values than memory keeps, so that each is promoted and has been given up when its turn comes again.
struct SharedLookup: Benchmark {
    let server: RedisBenchServer
    let scratch: Scratch
    let tasks: Int

    var name: String { tasks == 1 ? "l2-hit" : "l2-hit-\(tasks)-tasks" }

    private static let keyCount = 1_024
    private static let kept = 32
    private static let time = Duration.seconds(3)

    func measure(runs: Int) async throws -> Figure {
        let sqlite = try SQLiteStore(path: scratch.file("cache.db"))
        let store = SQLiteCacheStore(sqlite)
        let storeID = try await sqlite.identity()
        let node = try CacheNode(
            server, over: store, storeID: storeID, limits: try CacheManager.Limits(entries: Self.kept))
        let cache = node.cache
        let keys = try (0..<Self.keyCount).map { try CacheKey("bench:\($0)") }
        let value = CacheValue(bytes: Data(repeating: 7, count: RedisBenchServer.size))
        for key in keys { _ = try await store.put(key, value, ttl: .standard) }
        // Brings them to Redis.
        guard try await cache.get(many: keys).count == keys.count else {
            throw BenchmarkFailure("the store has not what was put")
        }
        let (client, slots) = (node.client, try await slots(of: keys, node.client, storeID))
        let pairs = try await pairs(
            runs,
            ours: {
                try await rate { index in
                    guard let hit = try await cache.get(keys[index]) else {
                        throw BenchmarkFailure("a value is lost")
                    }
                    return hit.tier == .l2
                }
            },
            limit: {
                try await rate { index in
                    let reply = try await client.send(RedisCommand("GET", .text(slots[index])))
                    return reply.bytes.map { $0.readableBytes > RedisBenchServer.size } ?? false
                }
            })
        node.close()
        return Figure(name: name, unit: "lookups/s", wanted: 0.5, pairs: pairs)
    }

    /// Lookups in a second, by tasks that each have values of their own.
    private func rate(_ look: @escaping @Sendable (Int) async throws -> Bool) async throws -> Double {
        let share = Self.keyCount / tasks
        let start = ContinuousClock.now
        let (found, looked) = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var (found, looked) = (0, 0)
                    while start.duration(to: .now) < Self.time {
                        for _ in 0..<16 {
                            if try await look(task * share + looked % share) { found += 1 }
                            looked += 1
                        }
                    }
                    return (found, looked)
                }
            }
            return try await group.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
        }
        guard found * 100 >= looked * 99 else {
            throw BenchmarkFailure("\(found) of \(looked) lookups were answered by Redis")
        }
        return Double(found) / start.duration(to: .now).inSeconds
    }

    /// Where the values lie, in the order of their keys.
    private func slots(of keys: [CacheKey], _ client: RedisClient, _ storeID: String) async throws -> [String] {
        var names: [String: String] = [:]
        var place = "0"
        repeat {
            let reply = try await client.send(
                RedisCommand("SCAN", .text(place), "MATCH", .text("{mr:\(storeID):*:v:*"), "COUNT", 1_000))
            guard let parts = reply.elements, parts.count == 2, let next = parts[0].text else {
                throw BenchmarkFailure("Redis does not say which keys it has")
            }
            for name in parts[1].elements?.compactMap(\.text) ?? [] {
                if let range = name.firstRange(of: ":v:") { names[String(name[range.upperBound...])] = name }
            }
            place = next
        } while place != "0"
        let slots = keys.compactMap { names[$0.text] }
        guard slots.count == keys.count else { throw BenchmarkFailure("Redis has \(slots.count) values") }
        return slots
    }
}
