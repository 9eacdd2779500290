extension InitialSchema {
    /// Transcripts, processings and chunks.
    static let processing = """
        CREATE TABLE {schema}.transcripts (
            id               uuid PRIMARY KEY,
            source           text NOT NULL,
            content_hash     text COLLATE "C" NOT NULL,
            duration_seconds double precision NOT NULL,
            status           text COLLATE "C" NOT NULL
                CHECK (status IN ('PROCESSING', 'COMPLETED', 'PARTIAL', 'FAILED', 'CANCELLED')),
            language         text,
            text             text NOT NULL,
            segments         jsonb NOT NULL,
            total_chunks     integer NOT NULL,
            completed_chunks integer NOT NULL,
            failed_chunks    integer NOT NULL,
            cached_chunks    integer NOT NULL,
            created_at       timestamptz NOT NULL,
            completed_at     timestamptz,
            updated_at       timestamptz NOT NULL
        );
        CREATE INDEX idx_transcripts_hash ON {schema}.transcripts (content_hash, id);

        -- A transcript ends in several ways; whichever it is, the jobs that wait for it are due. They stand behind what claims
        -- have passed, so these are told to look again from the start. Who makes a job wait locks the transcript's row first
        -- (FOR SHARE), or the end could be missed that another transaction is about to commit.
        CREATE FUNCTION {schema}.release_awaiting_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE {schema}.processing_jobs SET status = 'QUEUED', scheduled_at = NULL
            WHERE awaits = OLD.id AND status = 'SCHEDULED';
            IF FOUND THEN PERFORM pg_notify((parse_ident('{schema}'))[1], 'again'); END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER transcript_ended AFTER UPDATE OF status ON {schema}.transcripts
            FOR EACH ROW WHEN (NEW.status <> 'PROCESSING') EXECUTE FUNCTION {schema}.release_awaiting_jobs();
        CREATE TRIGGER transcript_removed AFTER DELETE ON {schema}.transcripts
            FOR EACH ROW EXECUTE FUNCTION {schema}.release_awaiting_jobs();

        -- Counters move with every flush of chunks: nothing that a flush changes is indexed, and pages have room for it.
        CREATE TABLE {schema}.processing_tasks (
            id               uuid PRIMARY KEY,
            transcript_id    uuid NOT NULL REFERENCES {schema}.transcripts (id) ON DELETE CASCADE,
            version          bigint NOT NULL DEFAULT 0,
            created_at       timestamptz NOT NULL,
            updated_at       timestamptz NOT NULL,
            total_chunks     integer NOT NULL,
            completed_chunks integer NOT NULL DEFAULT 0,
            failed_chunks    integer NOT NULL DEFAULT 0,
            -- From where claims read: every chunk below was claimed once. Those that came back are found by an index.
            next_chunk       integer NOT NULL DEFAULT 0,
            round            integer NOT NULL DEFAULT 1,
            progress         double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
            priority         smallint NOT NULL DEFAULT 2 CHECK (priority BETWEEN 1 AND 3),
            status           text COLLATE "C" NOT NULL DEFAULT 'PENDING'
                CHECK (status IN
                    ('PENDING', 'PROCESSING', 'MERGING', 'COMPLETED', 'PARTIAL', 'FAILED', 'CANCELLED')),
            run_key          text COLLATE "C" NOT NULL,
            queue_name       text COLLATE "C" NOT NULL,
            engine           text COLLATE "C" NOT NULL,
            source           jsonb NOT NULL,
            recipe           jsonb NOT NULL,
            started_at       timestamptz,
            completed_at     timestamptz,
            error_message    text,
            trace_context    jsonb,
            -- Changes once or twice in a processing's life, so that its index does not keep claims out of their pages.
            has_fresh        boolean GENERATED ALWAYS AS (
                status IN ('PENDING', 'PROCESSING') AND next_chunk < total_chunks
            ) STORED
        ) WITH (
            fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 200,
            autovacuum_vacuum_cost_delay = 0
        );
        CREATE INDEX idx_processing_fresh ON {schema}.processing_tasks (engine, priority, id) WHERE has_fresh;
        CREATE INDEX idx_processing_status ON {schema}.processing_tasks (status, id);
        CREATE UNIQUE INDEX idx_processing_transcript ON {schema}.processing_tasks (transcript_id);
        CREATE INDEX idx_processing_run ON {schema}.processing_tasks (run_key, id);
        CREATE UNIQUE INDEX idx_processing_one_run ON {schema}.processing_tasks (run_key)
            WHERE status NOT IN ('COMPLETED', 'CANCELLED');

        CREATE TABLE {schema}.chunk_tasks (
            id            uuid PRIMARY KEY,
            processing_id uuid NOT NULL REFERENCES {schema}.processing_tasks (id) ON DELETE CASCADE,
            lease_token   bigint NOT NULL DEFAULT 0,
            start_sample  bigint NOT NULL,
            end_sample    bigint NOT NULL,
            retry_count   bigint NOT NULL DEFAULT 0,
            max_retries   bigint NOT NULL DEFAULT 3,
            chunk_index   integer NOT NULL,
            crashes       integer NOT NULL DEFAULT 0,
            is_from_cache boolean NOT NULL DEFAULT false,
            status        text COLLATE "C" NOT NULL DEFAULT 'PENDING'
                CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
            worker_id     uuid,
            scheduled_at  timestamptz,
            started_at    timestamptz,
            completed_at  timestamptz,
            error_message text,
            result        jsonb,
            cache_key     text COLLATE "C",
            -- The sound as FLAC, for workers that do not reach the recording; NULL for most, and for all that have ended.
            audio         bytea,
            -- When a chunk that came back may be claimed again; NULL for all others.
            due_at        timestamptz GENERATED ALWAYS AS (
                CASE WHEN status = 'PENDING' AND lease_token > 0 THEN coalesce(scheduled_at, '-infinity') END
            ) STORED,
            UNIQUE (processing_id, chunk_index),
            CHECK ((worker_id IS NOT NULL) = (status = 'PROCESSING')),
            CHECK ((result IS NOT NULL) = (status = 'COMPLETED')),
            CHECK (audio IS NULL OR status IN ('PENDING', 'PROCESSING'))
        ) WITH (
            autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
            autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05
        );
        CREATE INDEX idx_chunks_returned ON {schema}.chunk_tasks (processing_id, chunk_index, due_at)
            WHERE due_at IS NOT NULL;
        -- FLAC cannot be made smaller by the server.
        ALTER TABLE {schema}.chunk_tasks ALTER COLUMN audio SET STORAGE EXTERNAL;
        -- What a worker can take of a processing whose recording it does not reach.
        CREATE INDEX idx_chunks_audio ON {schema}.chunk_tasks (processing_id, chunk_index) WHERE audio IS NOT NULL;
        CREATE INDEX idx_chunks_held ON {schema}.chunk_tasks (worker_id) WHERE worker_id IS NOT NULL;
        """
}
