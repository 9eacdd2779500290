internal import GRDB
internal import MillraceCore

/// The sequence of all writes to the cache: their versions, and what the last of them concerned.
enum CacheLog {
    /// How many writes are remembered at least.
    private static let remembered: Int64 = 16_384
    /// The oldest are forgotten so many at a time.
    private static let step: Int64 = 1_024

    /// Takes the next version for a write and remembers the write.
    static func append(_ scope: CacheChanges.Change.Scope, in db: Database) throws -> Int64 {
        // One sequence for all keys: a version must not come again after a key was deleted and put anew.
        let version = try db.rows(
            """
            UPDATE store_state SET value = CAST(value AS INTEGER) + 1 WHERE name = 'cache_version'
            RETURNING CAST(value AS INTEGER)
            """, []
        ) { try $0.value(Int64.self) }
        guard let version = version.first else { throw lost }
        let (key, pattern): (String?, String?) =
            switch scope {
            case .key(let key): (key.text, nil)
            case .pattern(let pattern): (nil, pattern.text)
            }
        try db.run(
            "INSERT INTO cache_changes (version, cache_key, pattern) VALUES (?, ?, ?)", [version, key, pattern])
        if version % step == 0 {
            try db.run("DELETE FROM cache_changes WHERE version <= ?", [version - remembered])
        }
        return version
    }

    /// Takes a version for each key that the chunks of a transcript have, as if each were removed.
    static func appendKeys(ofTranscript id: TranscriptID, in db: Database) throws {
        try db.run(
            """
            INSERT INTO cache_changes (version, cache_key)
            SELECT
                (SELECT CAST(value AS INTEGER) FROM store_state WHERE name = 'cache_version')
                    + row_number() OVER (ORDER BY cache_key),
                cache_key
            FROM (
                SELECT DISTINCT cache_key FROM chunk_tasks
                WHERE cache_key IS NOT NULL
                  AND processing_id IN (SELECT id FROM processing_tasks WHERE transcript_id = ?)
            )
            """, [id.sql])
        try db.run(
            "UPDATE store_state SET value = CAST(value AS INTEGER) + changes() WHERE name = 'cache_version'", [])
    }

    /// The version of the newest write.
    static func newest(in db: Database) throws -> Int64 {
        let version = try db.rows(
            "SELECT CAST(value AS INTEGER) FROM store_state WHERE name = 'cache_version'", []
        ) { try $0.value(Int64.self) }
        guard let version = version.first else { throw lost }
        return version
    }

    /// What was written after a version, and the active rules.
    static func changes(since version: Int64?, in db: Database) throws -> CacheChanges {
        let newest = try newest(in: db)
        let rules = try CacheRules.all(in: db)
        guard let version else { return CacheChanges(newest: newest, writes: nil, rules: rules) }
        guard newest != version else { return CacheChanges(newest: newest, writes: [], rules: rules) }
        let writes = try db.rows(
            "SELECT version, cache_key, pattern FROM cache_changes WHERE version > ? ORDER BY version", [version]
        ) { row in
            let version = try row.value(Int64.self)
            if let key = try row.optional(String.self) {
                return CacheChanges.Change(version: version, scope: .key(CacheKey(stored: key)))
            }
            return CacheChanges.Change(version: version, scope: .pattern(try CachePattern(row.value(String.self))))
        }
        // Without a gap, or anything may have changed. A store that went back, out of a backup, is such a case too.
        let isWhole = Int64(writes.count) == newest - version
        return CacheChanges(newest: newest, writes: isWhole ? writes : nil, rules: rules)
    }

    /// Whether a key was surely not written, deleted or invalidated after a version.
    static func isUnchanged(_ key: CacheKey, since version: Int64, in db: Database) throws -> Bool {
        let newest = try newest(in: db)
        guard newest != version else { return true }
        let oldest = try db.rows("SELECT min(version) FROM cache_changes", []) { try $0.optional(Int64.self) }.first
        guard let oldest, let oldest, version <= newest, oldest <= version + 1 else { return false }
        let writes = try db.rows(
            "SELECT pattern FROM cache_changes WHERE version > ? AND (cache_key = ? OR pattern IS NOT NULL)",
            [version, key.text]
        ) { try $0.optional(String.self).map { try CachePattern($0) } }
        return writes.allSatisfy { $0.map { !$0.matches(key) } ?? false }
    }

    private static var lost: StoreError {
        StoreError(.corrupted, "the store has lost the sequence of its cache")
    }
}
