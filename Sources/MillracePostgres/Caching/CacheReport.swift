internal import MillraceCore

/// Adds what processes have counted to the rows of the cache.
enum CacheReport {
    /// Adds uses to those of the entries that are there.
    static func add(_ accesses: [CacheAccess], of store: PostgresStore, on connection: PostgresConnection) async throws
    {
        guard !accesses.isEmpty else { return }
        // Sent as how long ago, for the host's clock may differ from the server's.
        let now = (store.clock ?? SystemWallClock()).now()
        // Locked in order, so that two reports cannot wait for each other.
        try await connection.execute(
            """
            WITH line AS (
                SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS l (key, count, ago)
            ), locked AS MATERIALIZED (
                SELECT cache_key FROM \(store.schema).cache_entries
                WHERE cache_key = ANY ($1)
                ORDER BY cache_key
                FOR UPDATE
            )
            UPDATE \(store.schema).cache_entries AS e SET
                access_count = e.access_count + line.count,
                accessed_at = greatest(
                    e.accessed_at, coalesce($4::timestamptz, now()) - line.ago * interval '1 microsecond')
            FROM line, locked
            WHERE e.cache_key = line.key AND e.cache_key = locked.cache_key
            """,
            [
                .texts(accesses.map(\.key.text)), .int8s(accesses.map { Int64($0.count) }),
                .int8s(accesses.map { (now - $0.lastAt).wholeMicroseconds }), store.now,
            ])
    }

    /// Adds counters to those of a named cache, which is made when it does not exist.
    static func add(
        _ counters: [CacheTierName: CacheStats.TierCounters], of cache: String, of store: PostgresStore,
        on connection: PostgresConnection
    ) async throws {
        guard !counters.isEmpty else { return }
        let id: CacheID = store.makeID()
        try await connection.execute(
            """
            INSERT INTO \(store.schema).caches AS c (id, name, limits, counters, version)
            VALUES ($1, $2, $3, $4, 1)
            ON CONFLICT (name) DO UPDATE SET version = c.version + 1, counters = (
                SELECT jsonb_object_agg(tier, jsonb_build_object('hits', hits, 'misses', misses, 'evictions', evictions))
                FROM (
                    SELECT
                        tier, sum((counted ->> 'hits')::bigint) AS hits,
                        sum((counted ->> 'misses')::bigint) AS misses,
                        sum((counted ->> 'evictions')::bigint) AS evictions
                    FROM (
                        SELECT * FROM jsonb_each(c.counters) UNION ALL SELECT * FROM jsonb_each(excluded.counters)
                    ) AS counts (tier, counted)
                    GROUP BY tier
                ) AS sums
            )
            """,
            [
                .id(id), .text(cache), try .json(encoding: CacheManager.Limits.standard), try json(counters),
            ])
    }

    /// Counters as they are stored.
    static func json(
        _ counters: [CacheTierName: CacheStats.TierCounters]
    ) throws(StoreError) -> PostgresParameter {
        try .json(encoding: Dictionary(uniqueKeysWithValues: counters.map { ($0.key.rawValue, $0.value) }))
    }

    /// Reads the column `counters`.
    static func counters(_ row: inout RowReader) throws -> [CacheTierName: CacheStats.TierCounters] {
        let counters = try row.json([String: CacheStats.TierCounters].self)
        let byTier = counters.compactMap { name, value in CacheTierName(rawValue: name).map { ($0, value) } }
        return Dictionary(uniqueKeysWithValues: byTier)
    }
}
