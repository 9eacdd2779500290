extension Migration {
    /// The tables of jobs, workers, processings, chunks, transcripts and the cache.
    ///
    /// Times are microseconds since 1970, identifiers UUIDs in text, JSON is text. Each index is there for a statement
    /// of this target; see `docs/specification.md` for what the source specification says instead.
    static let initialSchema = Migration(
        version: 1, name: "initial schema",
        sql: """
            PRAGMA application_id = \(Migrator.applicationID);

            CREATE TABLE schema_migrations (
                version    INTEGER PRIMARY KEY,
                name       TEXT NOT NULL,
                applied_at INTEGER NOT NULL
            ) STRICT;

            -- One row a fact about the whole store: its random identity, the last version given to a cached value.
            CREATE TABLE store_state (
                name  TEXT PRIMARY KEY,
                value TEXT NOT NULL
            ) STRICT;
            INSERT INTO store_state VALUES ('store_id', lower(hex(randomblob(16)))), ('cache_version', '0');

            CREATE TABLE job_queues (
                id         TEXT PRIMARY KEY,
                name       TEXT NOT NULL UNIQUE,
                settings   TEXT NOT NULL,
                created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL
            ) STRICT;

            CREATE TABLE workers (
                id          TEXT PRIMARY KEY,
                process     TEXT,
                created_at  INTEGER NOT NULL,
                lease_until INTEGER NOT NULL
            ) STRICT;

            CREATE TABLE transcripts (
                id               TEXT PRIMARY KEY,
                source           TEXT NOT NULL,
                content_hash     TEXT NOT NULL,
                duration_seconds REAL NOT NULL,
                status           TEXT NOT NULL
                    CHECK (status IN ('PROCESSING', 'COMPLETED', 'PARTIAL', 'FAILED', 'CANCELLED')),
                language         TEXT,
                text             TEXT NOT NULL,
                segments         TEXT NOT NULL,
                total_chunks     INTEGER NOT NULL,
                completed_chunks INTEGER NOT NULL,
                failed_chunks    INTEGER NOT NULL,
                cached_chunks    INTEGER NOT NULL,
                created_at       INTEGER NOT NULL,
                completed_at     INTEGER,
                updated_at       INTEGER NOT NULL
            ) STRICT;
            CREATE INDEX idx_transcripts_hash ON transcripts (content_hash, id);

            CREATE TABLE processing_jobs (
                id            TEXT PRIMARY KEY,
                queue_name    TEXT NOT NULL,
                transcript_id TEXT,
                job_type      TEXT NOT NULL,
                payload       TEXT NOT NULL,
                priority      INTEGER NOT NULL DEFAULT 2 CHECK (priority BETWEEN 1 AND 3),
                status        TEXT NOT NULL DEFAULT 'QUEUED'
                    CHECK (status IN ('QUEUED', 'SCHEDULED', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
                retry_count   INTEGER NOT NULL DEFAULT 0,
                max_retries   INTEGER NOT NULL DEFAULT 3,
                crashes       INTEGER NOT NULL DEFAULT 0,
                lease_token   INTEGER NOT NULL DEFAULT 0,
                worker_id     TEXT,
                unique_key    TEXT,
                created_at    INTEGER NOT NULL,
                scheduled_at  INTEGER,
                started_at    INTEGER,
                completed_at  INTEGER,
                updated_at    INTEGER NOT NULL,
                error_message TEXT,
                result        TEXT,
                CHECK ((worker_id IS NOT NULL) = (status = 'PROCESSING')),
                CHECK ((completed_at IS NOT NULL) = (status IN ('COMPLETED', 'FAILED', 'CANCELLED')))
            ) STRICT;
            CREATE INDEX idx_jobs_pending ON processing_jobs (queue_name, priority DESC, created_at, id)
                WHERE status = 'QUEUED';
            CREATE INDEX idx_jobs_claim ON processing_jobs (queue_name, job_type, priority DESC, created_at, id)
                WHERE status = 'QUEUED';
            CREATE INDEX idx_jobs_queue ON processing_jobs (queue_name, id);
            CREATE INDEX idx_jobs_due ON processing_jobs (scheduled_at) WHERE status = 'SCHEDULED';
            CREATE INDEX idx_jobs_held ON processing_jobs (worker_id) WHERE status = 'PROCESSING';
            CREATE UNIQUE INDEX idx_jobs_unique_key ON processing_jobs (unique_key)
                WHERE unique_key IS NOT NULL AND status IN ('QUEUED', 'SCHEDULED', 'PROCESSING');
            CREATE INDEX idx_jobs_queue_status ON processing_jobs (queue_name, status);
            CREATE INDEX idx_jobs_transcript ON processing_jobs (transcript_id) WHERE transcript_id IS NOT NULL;

            CREATE TABLE processing_tasks (
                id               TEXT PRIMARY KEY,
                transcript_id    TEXT NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE,
                run_key          TEXT NOT NULL,
                source           TEXT NOT NULL,
                recipe           TEXT NOT NULL,
                engine           TEXT NOT NULL,
                queue_name       TEXT NOT NULL,
                priority         INTEGER NOT NULL DEFAULT 2 CHECK (priority BETWEEN 1 AND 3),
                status           TEXT NOT NULL DEFAULT 'PENDING'
                    CHECK (status IN
                        ('PENDING', 'PROCESSING', 'MERGING', 'COMPLETED', 'PARTIAL', 'FAILED', 'CANCELLED')),
                round            INTEGER NOT NULL DEFAULT 1,
                version          INTEGER NOT NULL DEFAULT 0,
                total_chunks     INTEGER NOT NULL,
                completed_chunks INTEGER NOT NULL DEFAULT 0,
                failed_chunks    INTEGER NOT NULL DEFAULT 0,
                progress         REAL NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
                created_at       INTEGER NOT NULL,
                claimed_at       INTEGER NOT NULL DEFAULT 0,
                started_at       INTEGER,
                completed_at     INTEGER,
                updated_at       INTEGER NOT NULL,
                error_message    TEXT
            ) STRICT;
            CREATE INDEX idx_processing_status ON processing_tasks (status);
            CREATE UNIQUE INDEX idx_processing_transcript ON processing_tasks (transcript_id);
            CREATE INDEX idx_processing_run ON processing_tasks (run_key, id);
            CREATE UNIQUE INDEX idx_processing_one_run ON processing_tasks (run_key)
                WHERE status NOT IN ('COMPLETED', 'CANCELLED');

            CREATE TABLE chunk_tasks (
                id            TEXT PRIMARY KEY,
                processing_id TEXT NOT NULL REFERENCES processing_tasks (id) ON DELETE CASCADE,
                chunk_index   INTEGER NOT NULL,
                start_sample  INTEGER NOT NULL,
                end_sample    INTEGER NOT NULL,
                status        TEXT NOT NULL DEFAULT 'PENDING'
                    CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
                retry_count   INTEGER NOT NULL DEFAULT 0,
                max_retries   INTEGER NOT NULL DEFAULT 3,
                crashes       INTEGER NOT NULL DEFAULT 0,
                lease_token   INTEGER NOT NULL DEFAULT 0,
                worker_id     TEXT,
                scheduled_at  INTEGER,
                started_at    INTEGER,
                completed_at  INTEGER,
                error_message TEXT,
                result        TEXT,
                cache_key     TEXT,
                is_from_cache INTEGER NOT NULL DEFAULT 0,
                UNIQUE (processing_id, chunk_index),
                CHECK ((worker_id IS NOT NULL) = (status = 'PROCESSING')),
                CHECK ((result IS NOT NULL) = (status = 'COMPLETED'))
            ) STRICT;
            CREATE INDEX idx_chunks_pending ON chunk_tasks (processing_id, chunk_index) WHERE status = 'PENDING';
            CREATE INDEX idx_chunks_held ON chunk_tasks (worker_id) WHERE status = 'PROCESSING';

            CREATE TABLE cache_entries (
                cache_key    TEXT PRIMARY KEY,
                value        BLOB NOT NULL,
                codec        INTEGER NOT NULL,
                version      INTEGER NOT NULL,
                created_at   INTEGER NOT NULL,
                expires_at   INTEGER NOT NULL,
                accessed_at  INTEGER,
                access_count INTEGER NOT NULL DEFAULT 0
            ) STRICT;
            CREATE INDEX idx_cache_expires ON cache_entries (expires_at);

            CREATE TABLE caches (
                id       TEXT PRIMARY KEY,
                name     TEXT NOT NULL UNIQUE,
                limits   TEXT NOT NULL,
                counters TEXT NOT NULL,
                version  INTEGER NOT NULL
            ) STRICT;
            """)
}
