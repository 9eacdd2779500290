extension InitialSchema {
    /// Queues, workers and jobs.
    static let jobs = """
        CREATE TABLE {schema}.job_queues (
            id         uuid PRIMARY KEY,
            name       text COLLATE "C" NOT NULL UNIQUE,
            settings   jsonb NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        );

        CREATE TABLE {schema}.workers (
            id          uuid PRIMARY KEY,
            process     jsonb,
            created_at  timestamptz NOT NULL,
            lease_until timestamptz NOT NULL
        ) WITH (fillfactor = 50);

        -- Every update moves a row between partial indexes, so none can stay in its page, and none has room kept for it.
        CREATE TABLE {schema}.processing_jobs (
            id            uuid PRIMARY KEY,
            lease_token   bigint NOT NULL DEFAULT 0,
            created_at    timestamptz NOT NULL DEFAULT now(),
            updated_at    timestamptz NOT NULL DEFAULT now(),
            retry_count   bigint NOT NULL DEFAULT 0,
            max_retries   bigint NOT NULL DEFAULT 3,
            crashes       integer NOT NULL DEFAULT 0,
            priority      smallint NOT NULL DEFAULT 2 CHECK (priority BETWEEN 1 AND 3),
            status        text COLLATE "C" NOT NULL DEFAULT 'QUEUED'
                CHECK (status IN ('QUEUED', 'SCHEDULED', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
            queue_name    text COLLATE "C" NOT NULL,
            job_type      text COLLATE "C" NOT NULL,
            engine        text COLLATE "C",
            payload       jsonb NOT NULL,
            worker_id     uuid,
            transcript_id uuid,
            awaits        uuid,
            unique_key    text COLLATE "C",
            scheduled_at  timestamptz,
            started_at    timestamptz,
            completed_at  timestamptz,
            timeout_us    bigint,
            error_message text,
            result        jsonb,
            trace_context jsonb,
            CHECK ((worker_id IS NOT NULL) = (status = 'PROCESSING')),
            CHECK ((completed_at IS NOT NULL) = (status IN ('COMPLETED', 'FAILED', 'CANCELLED')))
        ) WITH (
            autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
            autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05
        );
        -- Each group of these has an order of its own, and claims read as many groups as they need side by side. The
        -- engine is '' for jobs that any worker can run, since `IS NOT DISTINCT FROM` uses no index.
        CREATE INDEX idx_jobs_claim ON {schema}.processing_jobs
            (queue_name, job_type, coalesce(engine, ''), priority, created_at, id) WHERE status = 'QUEUED';
        CREATE INDEX idx_jobs_due ON {schema}.processing_jobs
            (queue_name, job_type, coalesce(engine, ''), priority, scheduled_at) WHERE status = 'SCHEDULED';
        -- Its condition names no status: a settlement that looked for PROCESSING would be planned on it.
        CREATE INDEX idx_jobs_held ON {schema}.processing_jobs (worker_id) WHERE worker_id IS NOT NULL;
        CREATE UNIQUE INDEX idx_jobs_unique_key ON {schema}.processing_jobs (unique_key)
            WHERE unique_key IS NOT NULL AND status IN ('QUEUED', 'SCHEDULED', 'PROCESSING');
        CREATE INDEX idx_jobs_transcript ON {schema}.processing_jobs (transcript_id) WHERE transcript_id IS NOT NULL;
        CREATE INDEX idx_jobs_awaits ON {schema}.processing_jobs (awaits) WHERE awaits IS NOT NULL;
        -- For lists: each group is in the order of the list. Not for open jobs, since an entry at each of their moves made
        -- claims and settlements a quarter dearer (measured): those held, queued and scheduled have the indexes above, and
        -- where a group is not small against all jobs, its newest are soon met from the newest of all.
        CREATE INDEX idx_jobs_ended ON {schema}.processing_jobs (queue_name, status, job_type, id)
            WHERE completed_at IS NOT NULL;

        -- From where claims read: nothing queued is older. Written by one process for all, about once a second.
        CREATE TABLE {schema}.queue_floors (
            queue_name text COLLATE "C",
            job_type   text COLLATE "C",
            engine     text COLLATE "C",
            priority   smallint,
            oldest     timestamptz NOT NULL,
            PRIMARY KEY (queue_name, job_type, engine, priority)
        ) WITH (fillfactor = 50);
        """

    /// How many jobs each queue has of each status and type.
    static let counts = """
        -- Counting a million rows would take longer than a user likes to wait. One row a group would be locked by everybody,
        -- so each statement adds a row of what it changed, and one process folds these into the counts. A group has as
        -- many jobs as both tables say together.
        CREATE TABLE {schema}.job_counts (
            queue_name text COLLATE "C",
            status     text COLLATE "C",
            job_type   text COLLATE "C",
            jobs       bigint NOT NULL,
            PRIMARY KEY (queue_name, status, job_type)
        ) WITH (fillfactor = 50);
        CREATE TABLE {schema}.job_count_changes (
            queue_name text COLLATE "C" NOT NULL,
            status     text COLLATE "C" NOT NULL,
            job_type   text COLLATE "C" NOT NULL,
            jobs       bigint NOT NULL
        ) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

        -- By triggers, so that no statement can forget it.
        CREATE FUNCTION {schema}.count_added_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO {schema}.job_count_changes
            SELECT queue_name, status, job_type, count(*) FROM added GROUP BY 1, 2, 3;
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_added AFTER INSERT ON {schema}.processing_jobs
            REFERENCING NEW TABLE AS added FOR EACH STATEMENT
            EXECUTE FUNCTION {schema}.count_added_jobs();

        CREATE FUNCTION {schema}.count_moved_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO {schema}.job_count_changes
            SELECT queue_name, status, job_type, sum(jobs) FROM (
                SELECT queue_name, status, job_type, -1 AS jobs FROM before
                UNION ALL
                SELECT queue_name, status, job_type, 1 FROM after
            ) moved
            GROUP BY 1, 2, 3 HAVING sum(jobs) <> 0;
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_moved AFTER UPDATE ON {schema}.processing_jobs
            REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT
            EXECUTE FUNCTION {schema}.count_moved_jobs();

        CREATE FUNCTION {schema}.count_removed_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO {schema}.job_count_changes
            SELECT queue_name, status, job_type, -count(*) FROM removed GROUP BY 1, 2, 3;
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_removed AFTER DELETE ON {schema}.processing_jobs
            REFERENCING OLD TABLE AS removed FOR EACH STATEMENT
            EXECUTE FUNCTION {schema}.count_removed_jobs();
        """
}
