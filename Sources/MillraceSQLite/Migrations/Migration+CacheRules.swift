extension Migration {
    /// The invalidations that count before what they mean is removed.
    static let cacheRules = Migration(
        version: 6, name: "cache rules",
        sql: """
            -- One row an invalidation, until what is older than it and matches was removed.
            CREATE TABLE cache_rules (
                version     INTEGER PRIMARY KEY,
                pattern     TEXT NOT NULL,
                made_at     INTEGER NOT NULL,
                -- What lies before it was removed; NULL when all was.
                place       TEXT,
                -- From then on another may go on with the removal.
                lease_until INTEGER NOT NULL
            ) STRICT;
            """)
}
