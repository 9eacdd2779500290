internal import GRDB
public import MillraceCore

extension SQLiteJobQueueRepository {
    /// Writes the queue's row and the jobs changed since it was loaded, in one transaction.
    public func save(_ aggregate: JobQueue) async throws(StoreError) {
        let clock = store.clock
        try await store.write { db in
            let now = clock.now()
            let changed = try db.run(
                """
                INSERT INTO job_queues (id, name, settings, created_at, updated_at)
                SELECT :id, :name, :settings, :now, :now
                WHERE NOT EXISTS (SELECT 1 FROM job_queues WHERE name = :name AND id <> :id)
                ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at
                """,
                [
                    "id": aggregate.id.sql, "name": aggregate.name.name, "settings": json(aggregate.settings),
                    "now": now.microseconds,
                ])
            guard changed == 1 else {
                throw StoreError(.conflict, "another queue is named \(aggregate.name)")
            }
            for change in aggregate.changes {
                guard let job = aggregate.job(change.jobID) else { continue }
                switch change {
                case .added: try insert(job, in: db)
                case .changed(_, let token): try JobUpdate.update(job, loadedWith: token, in: db)
                }
            }
        }
    }

    /// Reads a queue's settings, its counts and its oldest open jobs.
    public func load(_ id: QueueID) async throws(StoreError) -> JobQueue? {
        let clock = store.clock
        return try await store.read { db in
            let queues = try db.rows("SELECT name, settings FROM job_queues WHERE id = ?", [id.sql]) { row in
                (QueueName(stored: try row.value()), try row.json(QueueSettings.self))
            }
            guard let (name, settings) = queues.first else { return nil }
            let jobs = try db.rows(
                """
                SELECT \(JobRow.columns) FROM processing_jobs
                WHERE queue_name = ? AND status IN ('QUEUED', 'SCHEDULED', 'PROCESSING')
                ORDER BY created_at, id LIMIT ?
                """, [name.name, JobQueue.loadLimit], JobRow.read)
            return JobQueue(
                id: id, name: name, settings: settings, stats: try stats(of: name, in: db, at: clock.now()),
                jobs: jobs)
        }
    }

    /// Deletes a queue and its jobs, unless one is PROCESSING.
    public func delete(_ id: QueueID) async throws(StoreError) {
        try await store.write { db in
            let held = try db.rows(
                """
                SELECT count(*) FROM processing_jobs
                WHERE status = 'PROCESSING' AND queue_name = (SELECT name FROM job_queues WHERE id = ?)
                """, [id.sql]
            ) { try $0.value(Int.self) }
            guard held == [0] else {
                throw StoreError(.conflict, "the queue has jobs that are running; stop or cancel them first")
            }
            try db.run(
                "DELETE FROM processing_jobs WHERE queue_name = (SELECT name FROM job_queues WHERE id = ?)", [id.sql])
            try db.run("DELETE FROM job_queues WHERE id = ?", [id.sql])
        }
    }

    /// Inserts a job as it stands in an aggregate, where it may have been changed since it was added.
    private func insert(_ job: Job, in db: Database) throws {
        guard try JobInsert.insert([job], in: db, at: job.createdAt).contains(job.id) else {
            throw StoreError(
                .conflict, "another open job has the unique key of job \(job.id); wait for it or cancel it")
        }
        if job.leaseToken != .initial { try JobUpdate.update(job, loadedWith: .initial, in: db) }
    }
}
