extension Migration {
    /// What lists, counts, jobs for an engine and jobs that wait for a transcript need.
    static let jobLists = Migration(
        version: 4, name: "job lists",
        sql: """
            ALTER TABLE processing_jobs ADD COLUMN engine TEXT;
            ALTER TABLE processing_jobs ADD COLUMN awaits TEXT;

            DROP INDEX idx_jobs_claim;
            CREATE INDEX idx_jobs_claim
                ON processing_jobs (queue_name, job_type, engine, priority DESC, created_at, id)
                WHERE status = 'QUEUED';
            CREATE INDEX idx_jobs_awaits ON processing_jobs (awaits) WHERE awaits IS NOT NULL;

            -- One index for all lists: what is wanted are some of these groups, and each is in the order of the list.
            DROP INDEX idx_jobs_queue;
            DROP INDEX idx_jobs_queue_status;
            CREATE INDEX idx_jobs_group ON processing_jobs (queue_name, status, job_type, id);

            -- How many jobs each group has. Counting a million rows would take longer than a user likes to wait.
            CREATE TABLE job_counts (
                queue_name TEXT NOT NULL,
                status     TEXT NOT NULL,
                job_type   TEXT NOT NULL,
                jobs       INTEGER NOT NULL,
                PRIMARY KEY (queue_name, status, job_type)
            ) STRICT, WITHOUT ROWID;
            INSERT INTO job_counts
            SELECT queue_name, status, job_type, count(*) FROM processing_jobs GROUP BY 1, 2, 3;

            -- By triggers, so that no statement can forget it.
            CREATE TRIGGER job_added AFTER INSERT ON processing_jobs BEGIN
                INSERT INTO job_counts VALUES (new.queue_name, new.status, new.job_type, 1)
                ON CONFLICT DO UPDATE SET jobs = jobs + 1;
            END;
            CREATE TRIGGER job_moved AFTER UPDATE OF status ON processing_jobs WHEN old.status <> new.status BEGIN
                UPDATE job_counts SET jobs = jobs - 1
                WHERE queue_name = old.queue_name AND status = old.status AND job_type = old.job_type;
                INSERT INTO job_counts VALUES (new.queue_name, new.status, new.job_type, 1)
                ON CONFLICT DO UPDATE SET jobs = jobs + 1;
            END;
            CREATE TRIGGER job_removed AFTER DELETE ON processing_jobs BEGIN
                UPDATE job_counts SET jobs = jobs - 1
                WHERE queue_name = old.queue_name AND status = old.status AND job_type = old.job_type;
            END;

            -- A transcript ends in several ways; whichever it is, the jobs that wait for it are due.
            CREATE TRIGGER transcript_ended AFTER UPDATE OF status ON transcripts WHEN new.status <> 'PROCESSING' BEGIN
                UPDATE processing_jobs SET status = 'QUEUED', scheduled_at = NULL
                WHERE awaits = new.id AND status = 'SCHEDULED';
            END;
            CREATE TRIGGER transcript_removed AFTER DELETE ON transcripts BEGIN
                UPDATE processing_jobs SET status = 'QUEUED', scheduled_at = NULL
                WHERE awaits = old.id AND status = 'SCHEDULED';
            END;

            DROP INDEX idx_processing_status;
            CREATE INDEX idx_processing_status ON processing_tasks (status, id);
            """)
}
