extension Migration {
    /// The invalidations that count before what they mean is removed.
    ///
    /// Programs that know of none would serve, and take into memory, what a rule rules out.
    static let cacheRules = Migration(
        version: 2, name: "cache rules", usableFrom: 2,
        text: """
            -- One row an invalidation, until what is older than it and matches was removed.
            CREATE TABLE {schema}.cache_rules (
                version     bigint PRIMARY KEY,
                made_at     timestamptz NOT NULL,
                -- From then on another may go on with the removal.
                lease_until timestamptz NOT NULL,
                pattern     text COLLATE "C" NOT NULL,
                -- What lies before it was removed; NULL when all was.
                place       text COLLATE "C"
            );
            """)
}
