internal import GRDB
internal import MillraceCore

/// Adds what processes have counted to the rows of the cache.
enum CacheReport {
    private struct Line: Encodable {
        let key: String
        let count: Int
        let at: Int64
    }

    static func add(_ accesses: [CacheAccess], in db: Database) throws {
        guard !accesses.isEmpty else { return }
        let lines = accesses.map { Line(key: $0.key.text, count: $0.count, at: $0.lastAt.microseconds) }
        try db.run(
            """
            WITH line AS (
                SELECT value ->> 'key' AS key, value ->> 'count' AS count, value ->> 'at' AS at FROM json_each(?)
            )
            UPDATE cache_entries SET
                access_count = access_count + line.count,
                accessed_at = max(coalesce(accessed_at, line.at), line.at)
            FROM line
            WHERE cache_key = line.key
            """, [try json(lines)])
    }

    static func add(
        _ counters: [CacheTierName: CacheStats.TierCounters], of cache: String, as id: CacheID, in db: Database
    ) throws {
        guard !counters.isEmpty else { return }
        var sum = try self.counters(of: cache, in: db)
        for (tier, counted) in counters { sum[tier, default: .init()].add(counted) }
        try db.run(
            """
            INSERT INTO caches (id, name, limits, counters, version)
            VALUES (:id, :name, :limits, :counters, 1)
            ON CONFLICT (name) DO UPDATE SET counters = excluded.counters, version = caches.version + 1
            """,
            [
                "id": id.sql, "name": cache, "limits": json(CacheManager.Limits.standard),
                "counters": json(Dictionary(uniqueKeysWithValues: sum.map { ($0.key.rawValue, $0.value) })),
            ])
    }

    static func counters(of cache: String, in db: Database) throws -> [CacheTierName: CacheStats.TierCounters] {
        try db.rows("SELECT counters FROM caches WHERE name = ?", [cache]) { try counters(&$0) }.first ?? [:]
    }

    /// Reads the column `counters`.
    static func counters(_ row: inout RowReader) throws -> [CacheTierName: CacheStats.TierCounters] {
        let counters = try row.json([String: CacheStats.TierCounters].self)
        let byTier = counters.compactMap { name, value in CacheTierName(rawValue: name).map { ($0, value) } }
        return Dictionary(uniqueKeysWithValues: byTier)
    }
}
