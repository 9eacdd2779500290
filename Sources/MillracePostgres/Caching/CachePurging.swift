internal import MillraceCore

/// One step of the removal of what a rule rules out.
///
/// Keys are read and judged by the core while others write; one statement then removes those that are meant.
struct CachePurging {
    private let rule: CacheRule
    private let limit: Int
    private let store: PostgresStore

    init(rule: CacheRule, limit: Int, store: PostgresStore) {
        self.rule = rule
        self.limit = max(1, limit)
        self.store = store
    }

    func run() async throws(StoreError) -> CachePurge {
        guard let (place, keys) = try await keys() else { return CachePurge(removed: 0, isFinished: true) }
        let next = keys.count < limit ? nil : keys.last?.successor
        let removed = try await remove(keys.filter { rule.pattern.matches($0) }, from: place, goingOnAt: next)
        return CachePurge(removed: removed ?? 0, isFinished: removed != nil && next == nil)
    }

    /// The next keys, and the place from which on they are; `nil` when nothing is left, or the rule is active no more.
    private func keys() async throws(StoreError) -> (place: String, keys: [CacheKey])? {
        let range = KeyRange(of: rule.pattern, from: "r.place", endParameter: 2)
        let rows = try await store.rows(
            """
            SELECT r.place, e.cache_key
            FROM \(store.schema).cache_rules AS r
            LEFT JOIN LATERAL (
                SELECT cache_key FROM \(store.schema).cache_entries WHERE \(range.condition)
                ORDER BY cache_key LIMIT \(limit)
            ) AS e ON true
            WHERE r.version = $1 AND r.place IS NOT NULL
            ORDER BY e.cache_key
            """, [.int8(rule.version)] + range.end, isIdempotent: true
        ) { (place: try $0.value(String.self), key: try $0.optional(String.self).map { CacheKey(stored: $0) }) }
        return rows.first.map { ($0.place, rows.compactMap(\.key)) }
    }

    /// - Returns: how many were removed that had not expired; `nil` when another has gone on meanwhile.
    private func remove(
        _ keys: [CacheKey], from place: String, goingOnAt next: String?
    ) async throws(StoreError) -> Int? {
        let schema = store.schema
        // Entries are held in the order of their keys, as by reports of uses, before one is deleted. Nobody who has one
        // waits for the rule.
        return try await store.rows(
            """
            WITH clock AS (
                SELECT coalesce($6::timestamptz, now()) AS now
            ), step AS (
                UPDATE \(schema).cache_rules AS r
                SET place = $4, lease_until = now + $5::bigint * interval '1 microsecond'
                FROM clock
                WHERE r.version = $2 AND r.place = $3
                RETURNING r.version
            ), locked AS MATERIALIZED (
                SELECT e.cache_key FROM step, \(schema).cache_entries AS e
                WHERE e.cache_key = ANY ($1) AND e.version < step.version
                ORDER BY e.cache_key
                FOR UPDATE OF e
            ), removed AS (
                DELETE FROM \(schema).cache_entries AS e USING locked, clock
                WHERE e.cache_key = locked.cache_key
                RETURNING e.expires_at > now AS was_served
            )
            SELECT (SELECT count(*) FILTER (WHERE was_served) FROM removed) FROM step
            """,
            [
                .texts(keys.map(\.text)), .int8(rule.version), .text(place), .text(next),
                .microseconds(CacheManager.upkeepLease), store.now,
            ]
        ) { try $0.value(Int.self) }.first
    }
}
