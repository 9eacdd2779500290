extension Migration {
    /// What was written to the cache lately, when its values were last used, and who keeps it clean.
    static let cacheChanges = Migration(
        version: 3, name: "cache changes",
        sql: """
            -- One row a write, without a gap up to `cache_version`; the oldest are forgotten.
            CREATE TABLE cache_changes (
                version   INTEGER PRIMARY KEY,
                cache_key TEXT,
                pattern   TEXT,
                CHECK ((cache_key IS NULL) <> (pattern IS NULL))
            ) STRICT;

            -- From now on a put counts as a use.
            ALTER TABLE cache_entries ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
            UPDATE cache_entries SET
                accessed_at = coalesce(accessed_at, created_at),
                bytes = length(CAST(cache_key AS BLOB)) + length(value);
            CREATE INDEX idx_cache_used ON cache_entries (accessed_at, bytes);

            -- What one process at a time does for all.
            CREATE TABLE leaders (
                name        TEXT PRIMARY KEY,
                holder      TEXT NOT NULL,
                lease_until INTEGER NOT NULL
            ) STRICT;
            """)
}
