internal import MillraceCore

/// Removes the entries that a pattern means, a bounded number in each statement.
///
/// The pattern is the core's own, applied to the keys of an index range that begins where its literal prefix says.
struct CacheInvalidation {
    /// Keys that are read, and at most removed, at a time.
    static let batch = 1_000

    let pattern: CachePattern
    let store: PostgresStore

    /// - Returns: how many were removed that had not expired.
    func run() async throws(StoreError) -> Int {
        // Also when nothing matches: memory elsewhere may have what the store gave up, and loads may be under way.
        let version = try await append()
        var removed = 0
        var place = pattern.literalPrefix
        while true {
            let keys = try await keys(from: place)
            removed += try await remove(keys.filter { pattern.matches($0) }, before: version)
            // The last key comes again as the first of the next batch, so one that holds nothing else is the end.
            guard keys.count == Self.batch, let last = keys.last else { return removed }
            place = last.text
        }
    }

    private func append() async throws(StoreError) -> Int64 {
        let versions = try await store.rows(
            "WITH \(CacheLog.next(in: store.schema, pattern: "$1")) SELECT version FROM next", [.text(pattern.text)],
            // Twice in the list is as good as once.
            isIdempotent: true
        ) { try $0.value(Int64.self) }
        guard let version = versions.first else { throw CacheLog(store: store).lost }
        return version
    }

    private func keys(from place: String) async throws(StoreError) -> [CacheKey] {
        let table = "\(store.schema).cache_entries"
        // Two statements, because a bound that may be NULL is no bound to the planner.
        if let end = pattern.endOfPrefix {
            return try await store.rows(
                """
                SELECT cache_key FROM \(table) WHERE cache_key >= $1 AND cache_key < $2
                ORDER BY cache_key LIMIT \(Self.batch)
                """, [.text(place), .text(end)], isIdempotent: true
            ) { CacheKey(stored: try $0.value()) }
        }
        return try await store.rows(
            "SELECT cache_key FROM \(table) WHERE cache_key >= $1 ORDER BY cache_key LIMIT \(Self.batch)",
            [.text(place)], isIdempotent: true
        ) { CacheKey(stored: try $0.value()) }
    }

    private func remove(_ keys: [CacheKey], before version: Int64) async throws(StoreError) -> Int {
        guard !keys.isEmpty else { return 0 }
        let schema = store.schema
        // Takes a version anew each time: who read an entry into memory after the last one has to forget it. Entries are
        // held in the order of their keys, as by reports of uses, before one is deleted.
        return try await store.rows(
            """
            WITH \(CacheLog.next(in: schema, pattern: "$1")), locked AS MATERIALIZED (
                SELECT e.cache_key FROM next, \(schema).cache_entries AS e
                WHERE e.cache_key = ANY ($2) AND e.version < $3
                ORDER BY e.cache_key
                FOR UPDATE OF e
            ), removed AS (
                DELETE FROM \(schema).cache_entries AS e USING locked
                WHERE e.cache_key = locked.cache_key
                RETURNING e.expires_at > coalesce($4::timestamptz, now()) AS was_served
            )
            SELECT count(*) FILTER (WHERE was_served) FROM removed
            """, [.text(pattern.text), .texts(keys.map(\.text)), .int8(version), store.now]
        ) { try $0.value(Int.self) }.first ?? 0
    }
}
