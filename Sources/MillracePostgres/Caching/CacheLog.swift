internal import MillraceCore

/// The sequence of all writes to the cache: their versions, and what the last of them concerned.
///
/// Who writes holds the row of `cache_version` until the commit, so versions are seen in the order in which they were
/// given, and without a gap: who has followed the writes up to one has missed none before it. Each write is one
/// statement and takes that row first, so it holds up others no longer than its commit takes, and never waits for them
/// while it has locks of its own. Of entries it takes the locks in the order of their keys.
struct CacheLog {
    /// How many writes are remembered at least.
    private static let remembered = 16_384
    /// The oldest are forgotten so many at a time.
    private static let step = 1_024

    let store: PostgresStore

    /// The first parts of a statement that writes: `next (version)` is the version of the write, which is remembered.
    ///
    /// What is written is a key or a pattern, in SQL. With a condition on `seen`, which comes before, there is no write
    /// and `next` is empty when it does not hold, or when something was written since the statement began to look: who
    /// had to wait for the row of `cache_version` sees all else as it was before.
    static func next(
        in schema: String, key: String = "NULL", pattern: String = "NULL", ifSeen condition: String? = nil
    ) -> String {
        """
        next AS (
            UPDATE \(schema).store_state AS s SET value = (s.value::bigint + 1)::text
            \(condition.map { "FROM seen WHERE s.value = seen.value AND \($0) AND" } ?? "WHERE") s.name = 'cache_version'
            RETURNING s.value::bigint AS version
        ), logged AS (
            INSERT INTO \(schema).cache_changes (version, cache_key, pattern)
            SELECT version, \(key), \(pattern) FROM next
        ), forgotten AS (
            DELETE FROM \(schema).cache_changes AS c USING next
            WHERE next.version % \(step) = 0 AND c.version <= next.version - \(remembered)
        )
        """
    }

    /// Takes a version for each key that the chunks of a transcript have, as if each were removed.
    ///
    /// To be run in the transaction that removes the transcript, before it does.
    func appendKeys(ofTranscript id: TranscriptID, on connection: PostgresConnection) async throws(PostgresError) {
        try await connection.execute(
            """
            WITH gone AS (
                SELECT DISTINCT c.cache_key FROM \(store.schema).chunk_tasks AS c
                JOIN \(store.schema).processing_tasks AS p ON p.id = c.processing_id
                WHERE p.transcript_id = $1 AND c.cache_key IS NOT NULL
            ), next AS (
                UPDATE \(store.schema).store_state AS s
                SET value = (s.value::bigint + (SELECT count(*) FROM gone))::text
                WHERE s.name = 'cache_version' AND EXISTS (SELECT 1 FROM gone)
                RETURNING s.value::bigint AS version
            )
            INSERT INTO \(store.schema).cache_changes (version, cache_key)
            SELECT next.version - row_number() OVER (ORDER BY gone.cache_key DESC) + 1, gone.cache_key FROM gone, next
            """, [.id(id)])
    }

    /// The version of the newest write.
    func newest() async throws(StoreError) -> Int64 {
        let versions = try await store.rows(
            "SELECT value::bigint FROM \(store.schema).store_state WHERE name = 'cache_version'", isIdempotent: true
        ) { try $0.value(Int64.self) }
        guard let version = versions.first else { throw lost }
        return version
    }

    /// What was written after a version, and the active rules.
    func changes(since version: Int64?) async throws(StoreError) -> CacheChanges {
        // One statement, so that writes and rules are as of one moment.
        let rows = try await store.rows(
            """
            SELECT s.value::bigint, coalesce($2::timestamptz, now()), l.version, l.cache_key, l.pattern, l.made_at
            FROM \(store.schema).store_state AS s
            LEFT JOIN (
                SELECT version, cache_key, pattern, NULL::timestamptz AS made_at
                FROM \(store.schema).cache_changes
                WHERE version > $1
                UNION ALL
                SELECT version, NULL, pattern, made_at FROM \(store.schema).cache_rules
            ) AS l ON true
            WHERE s.name = 'cache_version'
            ORDER BY l.version
            """, [.int8(version), store.now], isIdempotent: true
        ) { row in (newest: try row.value(Int64.self), time: try row.time(), line: try Self.line(&row)) }
        guard let newest = rows.first?.newest, let time = rows.first?.time else { throw lost }
        var writes: [CacheChanges.Change] = []
        var rules: [CacheRule] = []
        for row in rows {
            switch row.line {
            case .write(let write): writes.append(write)
            case .rule(let rule): rules.append(rule)
            case nil: break
            }
        }
        // Without a gap, or anything may have changed. A store that went back, out of a backup, is such a case too.
        let isWhole = version.map { Int64(writes.count) == newest - $0 } ?? false
        return CacheChanges(newest: newest, writes: isWhole ? writes : nil, rules: rules, time: time)
    }

    /// The patterns written after a version, in order.
    func patterns(since version: Int64) async throws(StoreError) -> [(version: Int64, pattern: CachePattern)] {
        try await store.rows(
            """
            SELECT version, pattern FROM \(store.schema).cache_changes
            WHERE version > $1 AND pattern IS NOT NULL
            ORDER BY version
            """, [.int8(version)], isIdempotent: true
        ) { row in (version: try row.value(Int64.self), pattern: try CachePattern(row.value(String.self))) }
    }

    /// What a row of ``changes(since:)`` says.
    private enum Line: Sendable {
        case write(CacheChanges.Change)
        case rule(CacheRule)
    }

    private static func line(_ row: inout RowReader) throws -> Line? {
        let version = try row.optional(Int64.self)
        let key = try row.optional(String.self)
        let text = try row.optional(String.self)
        let madeAt = try row.optionalTime()
        guard let version else { return nil }
        if let key { return .write(CacheChanges.Change(version: version, scope: .key(CacheKey(stored: key)))) }
        let pattern = try CachePattern(text ?? "")
        guard let madeAt else { return .write(CacheChanges.Change(version: version, scope: .pattern(pattern))) }
        return .rule(CacheRule(version: version, pattern: pattern, madeAt: madeAt))
    }

    /// Is thrown when the sequence has no row.
    var lost: StoreError {
        StoreError(.corrupted, "\(store.name) has lost the sequence of its cache; restore the database from a backup")
    }
}
