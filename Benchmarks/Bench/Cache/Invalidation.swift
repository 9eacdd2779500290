import Foundation
import GRDB
import Millrace
import MillraceCaching
import MillracePostgres
import MillraceSQLite

/// Invalidates a million values by a pattern; how soon that counts for a reader of its own, beside ten milliseconds.
///
/// The reader asks for the value that would be removed last, again and again, from the call until it misses.
struct Invalidation: Benchmark {
    /// Where the values are.
    enum Place {
        case file(Scratch)
        case server(BenchServer)
    }

    /// The values, with a store for who invalidates and one for who reads.
    private struct Stores {
        let writer: any CacheStore
        let reader: any CacheStore
        let fill: () async throws -> Void
        let close: () async -> Void
    }

    let place: Place

    let name = "invalidate-1000000"

    static let count = 1_000_000
    /// As a rate, to be compared with rates.
    private static let limit = 1 / 0.01

    func measure(runs: Int) async throws -> Figure {
        let stores = try await open()
        let pairs = try await pairs(
            runs, ours: { 1 / (try await seconds(stores)) }, limit: { Self.limit })
        await stores.close()
        return Figure(name: name, unit: "1/s", wanted: 1, pairs: pairs)
    }

    /// The time from the call until the reader misses; the removal is cut short then.
    private func seconds(_ stores: Stores) async throws -> Double {
        try await stores.fill()
        let cache = TieredCache(store: stores.writer)
        let last = try CacheKey("user:\(2 * Self.count)")
        guard try await stores.reader.entry(last) != nil else {
            throw BenchmarkFailure("there is nothing to invalidate")
        }
        let clock = ContinuousClock()
        let begin = clock.now
        let invalidation = Task { try await cache.invalidatePattern(CachePattern("user:*")) }
        while try await stores.reader.entry(last) != nil {}
        let duration = clock.now - begin
        invalidation.cancel()
        guard case .failure = await invalidation.result else {
            throw BenchmarkFailure("all values were removed before one was missed")
        }
        guard try await stores.reader.count() == 0 else { throw BenchmarkFailure("some values are left") }
        return duration.inSeconds
    }

    private func open() async throws -> Stores {
        switch place {
        case .file(let scratch):
            let path = scratch.file("invalidation.db")
            let stores = try (0..<2).map { _ in SQLiteCacheStore(try SQLiteStore(path: path)) }
            let database = try DatabaseQueue(path: path)
            return Stores(
                writer: stores[0], reader: stores[1], fill: { try Self.fill(database) }, close: {})
        case .server(let server):
            let schema = "invalidation"
            let stores = [try await server.store(schema), try await server.store(schema)]
            return Stores(
                writer: PostgresCacheStore(stores[0]), reader: PostgresCacheStore(stores[1]),
                fill: { try Self.fill(server, schema) },
                close: { for store in stores { await store.close() } })
        }
    }

    /// The values, with versions that a store has given.
    private static func fill(_ database: DatabaseQueue) throws {
        try database.write { db in
            try db.execute(
                sql: """
                    DELETE FROM cache_entries;
                    DELETE FROM cache_rules;
                    WITH RECURSIVE n (n) AS (SELECT \(count) + 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2 * \(count))
                    INSERT INTO cache_entries (
                        cache_key, value, codec, version, created_at, expires_at, accessed_at, bytes
                    )
                    SELECT 'user:' || n, zeroblob(100), 0, 0, 0, 4102444800000000, 0, 112 FROM n;
                    """)
        }
        // Or the next to commit would have to bring all of it into the file.
        try database.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
    }

    /// The same in a schema, with the keys `user:1000001` to `user:2000000`.
    static func fill(_ server: BenchServer, _ schema: String) throws {
        _ = try server.psql(
            schema,
            [
                "TRUNCATE cache_entries, cache_rules",
                """
                INSERT INTO cache_entries (
                    cache_key, value, codec, version, created_at, expires_at, accessed_at, bytes
                )
                SELECT 'user:' || n, decode(repeat('00', 100), 'hex'), 0, 0, now(), now() + interval '1 day', now(), 112
                FROM generate_series(\(count) + 1, 2 * \(count)) AS n
                """,
                "VACUUM ANALYZE cache_entries",
            ])
    }
}
