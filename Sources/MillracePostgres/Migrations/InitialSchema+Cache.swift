extension InitialSchema {
    /// Cached values, what was written to the cache lately, and named caches.
    static let cache = """
        CREATE TABLE {schema}.cache_entries (
            cache_key    text COLLATE "C" PRIMARY KEY,
            version      bigint NOT NULL,
            created_at   timestamptz NOT NULL,
            expires_at   timestamptz NOT NULL,
            accessed_at  timestamptz NOT NULL,
            access_count bigint NOT NULL DEFAULT 0,
            bytes        bigint NOT NULL,
            codec        integer NOT NULL,
            value        bytea NOT NULL
        );
        CREATE INDEX idx_cache_expires ON {schema}.cache_entries (expires_at);
        CREATE INDEX idx_cache_used ON {schema}.cache_entries (accessed_at, bytes);

        -- One row a write, without a gap up to `cache_version`; the oldest are forgotten.
        CREATE TABLE {schema}.cache_changes (
            version   bigint PRIMARY KEY,
            cache_key text COLLATE "C",
            pattern   text COLLATE "C",
            CHECK ((cache_key IS NULL) <> (pattern IS NULL))
        );

        CREATE TABLE {schema}.caches (
            id       uuid PRIMARY KEY,
            name     text COLLATE "C" NOT NULL UNIQUE,
            limits   jsonb NOT NULL,
            counters jsonb NOT NULL,
            version  bigint NOT NULL
        );
        """
}
