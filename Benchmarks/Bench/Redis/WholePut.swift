import Foundation
import Limits
import Millrace
import MillraceCaching
import MillracePostgres
import MillraceRedis
import MillraceSQLite

/// Puts a value through memory, Redis and the store, beside the same statements bare, one after the other: the script that
/// the cache sends to Redis before it writes to the store, what the store sends, and the script that comes after.
struct WholePut: Benchmark {
    /// Where the store is.
    enum Place {
        case file(Scratch)
        case server(BenchServer)
    }

    /// A store, and its write as bare statements.
    private struct Store {
        let cache: any CacheStore
        let id: String
        let write: () async throws -> Void
        let close: () async -> Void
    }

    let server: RedisBenchServer
    let place: Place

    var name: String {
        switch place {
        case .file: "put-all-tiers-sqlite"
        case .server: "put-all-tiers-postgres"
        }
    }

    private static let time = Duration.seconds(3)
    private static let value = CacheValue(bytes: Data(repeating: 7, count: RedisBenchServer.size))
    private let key: CacheKey

    init(server: RedisBenchServer, place: Place) throws {
        self.server = server
        self.place = place
        key = try CacheKey("bench")
    }

    func measure(runs: Int) async throws -> Figure {
        let store = try await open()
        let node = try CacheNode(server, over: store.cache, storeID: store.id)
        let (before, after) = try await scripts(node)
        let pairs = try await pairs(
            runs,
            ours: {
                try await rate {
                    let outcome = try await node.cache.put(key, Self.value, ttl: .standard)
                    guard outcome.changes(in: .l2) == 1, outcome.changes(in: .l3) == 1 else {
                        throw BenchmarkFailure("not all tiers took part: \(outcome.states)")
                    }
                }
            },
            limit: {
                try await rate {
                    _ = try await node.client.send(before)
                    try await store.write()
                    guard try await node.client.send(after).number == 1 else {
                        throw BenchmarkFailure("the value did not come into Redis")
                    }
                }
            })
        node.close()
        await store.close()
        return Figure(name: name, unit: "puts/s", wanted: 0, pairs: pairs)
    }

    /// Puts in a second, one after the other.
    private func rate(_ put: () async throws -> Void) async throws -> Double {
        let start = ContinuousClock.now
        var count = 0
        while start.duration(to: .now) < Self.time {
            try await put()
            count += 1
        }
        return Double(count) / start.duration(to: .now).inSeconds
    }

    /// What a put sends to Redis before and after it writes to the store.
    private func scripts(_ node: CacheNode) async throws -> (before: RedisCommand, after: RedisCommand) {
        // The first brings the scripts to the server.
        try await node.cache.put(key, Self.value, ttl: .standard)
        let log = SlowLog(client: node.client)
        try await log.begin(from: 0)
        try await node.cache.put(key, Self.value, ttl: .standard)
        let ending = ":v:\(key.text)"
        let sent = try await log.end().filter { $0.name == "EVALSHA" }.map(\.words)
            .filter { $0.count > 3 && $0[3].text?.hasSuffix(ending) == true }
        guard sent.count == 2, sent[0].count == 9, sent[1].count == 11, let slot = sent[0][3].text else {
            throw BenchmarkFailure("a put sent \(sent.count) scripts to Redis, or others than it used to")
        }
        // The log has only the first bytes of the value, which is in its slot now.
        var last = sent[1]
        last[7] = try await node.client.send(RedisCommand("GET", .text(slot)))
        return (command(sent[0]), command(last))
    }

    private func command(_ words: [RESPValue]) -> RedisCommand {
        RedisCommand("EVALSHA", words.dropFirst().compactMap { $0.bytes.map { .bytes($0) } })
    }

    private func open() async throws -> Store {
        switch place {
        case .file(let scratch):
            let path = scratch.file("cache.db")
            let store = try SQLiteStore(path: path)
            let bare = try BareCachePut(path: path)
            let (text, bytes) = (key.text, Self.value.bytes)
            return Store(
                cache: SQLiteCacheStore(store), id: try await store.identity(),
                write: {
                    try bare.put(
                        text, bytes, ttl: TTL.standard.duration.wholeMicroseconds,
                        at: SystemWallClock().now().microseconds)
                }, close: {})
        case .server(let server):
            let schema = "put_all_tiers"
            let sent = SentStatements()
            let echoing = try await sent.store(server, schema: schema)
            let statement = try await sent.statement(naming: "cache_entries") {
                _ = try await PostgresCacheStore(echoing).put(key, Self.value, ttl: .standard)
            }
            await echoing.close()
            let store = try await server.store(schema)
            let connection = try await PostgresConnection.connect(PostgresConfiguration(server.url))
            let bytes = [UInt8](Self.value.bytes)
            let parameters: [PostgresParameter] = [
                .text(key.text), .bytes(bytes), .int4(Int32(Self.value.codec.rawValue)),
                .int8(Int64(key.text.utf8.count + bytes.count)), .int8(TTL.standard.duration.wholeMicroseconds), .null,
            ]
            return Store(
                cache: PostgresCacheStore(store), id: try await store.identity(),
                write: { _ = try await connection.query(statement, parameters) },
                close: {
                    connection.close()
                    await store.close()
                })
        }
    }
}
