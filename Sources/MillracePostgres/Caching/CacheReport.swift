internal import MillraceCore

/// Adds what a process has counted to the rows of the cache: uses to those of the entries that are there, counters to
/// those of a named cache, which is made when it does not exist.
struct CacheReport {
    let accesses: [CacheAccess]
    let counters: [CacheTierName: CacheStats.TierCounters]
    let cache: String
    let store: PostgresStore

    func write() async throws(StoreError) {
        guard !accesses.isEmpty || !counters.isEmpty else { return }
        let schema = store.schema
        // Uses are sent as how long ago they were, for the host's clock may differ from the server's. Rows are locked in
        // order, so that two reports cannot wait for each other.
        let now = (store.clock ?? SystemWallClock()).now()
        try await store.execute(
            """
            WITH line AS (
                SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS l (key, count, ago)
            ), locked AS MATERIALIZED (
                SELECT cache_key FROM \(schema).cache_entries
                WHERE cache_key = ANY ($1)
                ORDER BY cache_key
                FOR UPDATE
            ), used AS (
                UPDATE \(schema).cache_entries AS e SET
                    access_count = e.access_count + line.count,
                    accessed_at = greatest(
                        e.accessed_at, coalesce($4::timestamptz, now()) - line.ago * interval '1 microsecond')
                FROM line, locked
                WHERE e.cache_key = line.key AND e.cache_key = locked.cache_key
            )
            INSERT INTO \(schema).caches AS c (id, name, limits, counters, version)
            SELECT $5, $6, $7, $8::jsonb, 1 WHERE $8::jsonb <> '{}'
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
                .texts(accesses.map(\.key.text)), .int8s(accesses.map { Int64($0.count) }),
                .int8s(accesses.map { (now - $0.lastAt).wholeMicroseconds }), store.now,
                .id(store.makeID() as CacheID), .text(cache), .json(encoding: CacheManager.Limits.standard),
                Self.json(counters),
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
