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

    /// What was written after a version.
    func changes(since version: Int64) async throws(StoreError) -> CacheChanges {
        let rows = try await store.rows(
            """
            SELECT s.value::bigint, c.version, c.cache_key, c.pattern
            FROM \(store.schema).store_state AS s
            LEFT JOIN \(store.schema).cache_changes AS c ON c.version > $1
            WHERE s.name = 'cache_version'
            ORDER BY c.version
            """, [.int8(version)], isIdempotent: true
        ) { row in (newest: try row.value(Int64.self), write: try Self.write(&row)) }
        guard let newest = rows.first?.newest else { throw lost }
        let writes = rows.compactMap(\.write)
        // Without a gap, or anything may have changed. A store that went back, out of a backup, is such a case too.
        let isWhole = Int64(writes.count) == newest - version
        return CacheChanges(newest: newest, writes: isWhole ? writes : nil)
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

    private static func write(_ row: inout RowReader) throws -> CacheChanges.Change? {
        let version = try row.optional(Int64.self)
        let key = try row.optional(String.self)
        let pattern = try row.optional(String.self)
        guard let version else { return nil }
        if let key { return CacheChanges.Change(version: version, scope: .key(CacheKey(stored: key))) }
        return CacheChanges.Change(version: version, scope: .pattern(try CachePattern(pattern ?? "")))
    }

    /// Is thrown when the sequence has no row.
    var lost: StoreError {
        StoreError(.corrupted, "\(store.name) has lost the sequence of its cache; restore the database from a backup")
    }
}
