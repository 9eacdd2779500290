public import MillraceCore

extension PostgresJobQueueRepository {
    /// Writes the queue's row and the jobs changed since it was loaded, in one transaction.
    public func save(_ aggregate: JobQueue) async throws(StoreError) {
        let (statements, store) = (statements, store)
        try await store.write { connection in
            let changed = try await connection.execute(
                """
                INSERT INTO \(store.schema).job_queues (id, name, settings, created_at, updated_at)
                SELECT $2::uuid, $3::text, $4::jsonb, coalesce($1::timestamptz, now()), coalesce($1, now())
                WHERE NOT EXISTS (SELECT 1 FROM \(store.schema).job_queues WHERE name = $3 AND id <> $2)
                ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at
                """,
                [
                    store.now, .id(aggregate.id), .text(aggregate.name.name),
                    try .json(encoding: aggregate.settings),
                ])
            guard changed == 1 else {
                throw StoreError(.conflict, "another queue is named \(aggregate.name)")
            }
            for change in aggregate.changes {
                guard let job = aggregate.job(change.jobID) else { continue }
                switch change {
                case .added:
                    try await Self.insert(job, statements, in: connection)
                case .changed(_, let token):
                    try await statements.update.update(job, loadedWith: token, in: connection)
                }
            }
        }
        desk.lower(
            aggregate.changes.compactMap { aggregate.job($0.jobID) }.filter { $0.status == .queued }.map {
                RequeuedJob(group: JobGroup($0), createdAt: $0.createdAt)
            })
    }

    /// Reads a queue's settings, its counts and its oldest open jobs.
    public func load(_ id: QueueID) async throws(StoreError) -> JobQueue? {
        let queues = try await store.rows(
            "SELECT name, settings FROM \(store.schema).job_queues WHERE id = $1::uuid", [.id(id)],
            isIdempotent: true
        ) { row in (QueueName(stored: try row.value()), try row.json(QueueSettings.self)) }
        guard let (name, settings) = queues.first else { return nil }
        let jobs = try await store.rows(
            statements.read.open, [.text(name.name), .int8(Int64(JobQueue.loadLimit))], isIdempotent: true,
            JobRow.read)
        return JobQueue(
            id: id, name: name, settings: settings, stats: try await jobStats(queueName: name), jobs: jobs)
    }

    /// Deletes a queue and its jobs, unless one is PROCESSING.
    public func delete(_ id: QueueID) async throws(StoreError) {
        let store = store
        try await store.write { connection in
            let schema = store.schema
            // Whoever claims now waits, or is waited for.
            let names = try await connection.rows(
                "SELECT name FROM \(schema).job_queues WHERE id = $1::uuid FOR UPDATE", [.id(id)]
            ) { try $0.value(String.self) }
            guard let name = names.first else { return }
            try await connection.execute(
                "DELETE FROM \(schema).processing_jobs WHERE queue_name = $1::text AND worker_id IS NULL", [.text(name)]
            )
            let held = try await connection.rows(
                """
                SELECT count(*) FROM \(schema).processing_jobs WHERE worker_id IS NOT NULL AND queue_name = $1::text
                """, [.text(name)]
            ) { try $0.value(Int64.self) }
            guard held == [0] else {
                throw StoreError(.conflict, "the queue has jobs that are running; stop or cancel them first")
            }
            try await connection.execute("DELETE FROM \(schema).job_queues WHERE id = $1::uuid", [.id(id)])
        }
    }

    /// Inserts a job as it stands in an aggregate, where it may have been changed since it was added.
    private static func insert(
        _ job: Job, _ statements: JobStatements, in connection: PostgresConnection
    ) async throws {
        let receipt = try await statements.insert.insert(
            [job.request], ids: [job.id], at: job.createdAt, isAnnounced: false, in: connection)
        guard receipt.skipped.isEmpty else {
            throw StoreError(
                .conflict, "another open job has the unique key of job \(job.id); wait for it or cancel it")
        }
        if job.leaseToken != .initial {
            try await statements.update.update(job, loadedWith: .initial, in: connection)
        }
    }
}

extension Job {
    /// What was asked for when the job was made.
    fileprivate var request: JobRequest {
        JobRequest(
            type, payload: payload, queueName: queueName, priority: priority, maxRetries: maxRetries,
            scheduledAt: leaseToken == .initial ? scheduledAt : nil, uniqueKey: uniqueKey, transcriptID: transcriptID,
            engine: engine, timeout: timeout, traceContext: traceContext)
    }
}
