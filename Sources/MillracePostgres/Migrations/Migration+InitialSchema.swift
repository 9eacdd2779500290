extension Migration {
    /// The tables of jobs, workers, processings, chunks, transcripts and the cache.
    ///
    /// Names and meaning are those of the SQLite store. Each index is there for a statement of this target; see
    /// `docs/specification.md` for what the source specification says instead. Text that is compared or sorted is in the
    /// collation `C`: by bytes, as in Swift and in SQLite, and fast.
    static let initialSchema = Migration(
        version: 1, name: "initial schema", usableFrom: 1,
        text: [
            InitialSchema.store, InitialSchema.jobs, InitialSchema.counts, InitialSchema.enqueue,
            InitialSchema.processing,
            InitialSchema.cache,
        ]
        .joined(separator: "\n\n"))
}

/// The parts of the first migration, one an area.
enum InitialSchema {
    /// What concerns the store as a whole.
    static let store = """
        CREATE TABLE {schema}.schema_migrations (
            version     integer PRIMARY KEY,
            name        text NOT NULL,
            -- The oldest version whose programs can work with the schema after this step.
            usable_from integer NOT NULL,
            applied_at  timestamptz NOT NULL DEFAULT now()
        );

        -- One row a fact about the whole store: its random identity, the last version given to a cached value.
        CREATE TABLE {schema}.store_state (
            name  text COLLATE "C" PRIMARY KEY,
            value text NOT NULL
        ) WITH (fillfactor = 20);
        INSERT INTO {schema}.store_state
        VALUES ('store_id', replace(gen_random_uuid()::text, '-', '')), ('cache_version', '0');

        -- What one process at a time does for all.
        CREATE TABLE {schema}.leaders (
            name        text COLLATE "C" PRIMARY KEY,
            holder      text NOT NULL,
            lease_until timestamptz NOT NULL
        ) WITH (fillfactor = 50);

        -- A new UUIDv7, for statements that insert rows which the client could not foresee.
        CREATE FUNCTION {schema}.make_id(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
            SELECT encode(
                set_bit(
                    set_bit(
                        overlay(
                            uuid_send(gen_random_uuid())
                            PLACING substring(int8send(floor(extract(epoch FROM at) * 1000)::bigint) FROM 3)
                            FROM 1 FOR 6),
                        52, 1),
                    53, 1),
                'hex')::uuid
        $$;
        """
}
