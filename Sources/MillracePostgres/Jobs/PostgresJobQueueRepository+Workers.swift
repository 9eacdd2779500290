public import MillraceCore

extension PostgresJobQueueRepository {
    /// Makes a worker known, and forgets those whose lease ended an hour ago and that hold nothing.
    public func register(
        _ id: WorkerID, process: ProcessIdentity?, leasedFor duration: Duration
    ) async throws(StoreError) {
        let process: PostgresParameter = if let process { try .json(encoding: process) } else { .null }
        try await store.execute(
            """
            WITH forgotten AS (
                DELETE FROM \(store.schema).workers worker
                WHERE lease_until < coalesce($1::timestamptz, now()) - interval '1 hour' AND id <> $2
                  AND NOT EXISTS (SELECT 1 FROM \(store.schema).processing_jobs WHERE worker_id = worker.id)
                  AND NOT EXISTS (SELECT 1 FROM \(store.schema).chunk_tasks WHERE worker_id = worker.id)
            )
            INSERT INTO \(store.schema).workers (id, process, created_at, lease_until)
            VALUES (
                $2::uuid, $3::jsonb, coalesce($1, now()), coalesce($1, now()) + $4::bigint * interval '1 microsecond'
            )
            ON CONFLICT (id) DO UPDATE SET process = excluded.process, lease_until = excluded.lease_until
            """, [store.now, .id(id), process, .microseconds(duration)], isIdempotent: true)
    }

    /// Renews a worker's lease: one row, however much it holds.
    public func renew(_ id: WorkerID, leasedFor duration: Duration) async throws(StoreError) -> Bool {
        try await store.execute(
            """
            UPDATE \(store.schema).workers
            SET lease_until = coalesce($1::timestamptz, now()) + $3::bigint * interval '1 microsecond'
            WHERE id = $2::uuid AND lease_until > coalesce($1, now())
            """, [store.now, .id(id), .microseconds(duration)], isIdempotent: true) == 1
    }

    /// Ends a worker's lease now.
    public func retire(_ id: WorkerID) async throws(StoreError) {
        try await store.execute(
            """
            UPDATE \(store.schema).workers SET lease_until = coalesce($1::timestamptz, now())
            WHERE id = $2::uuid AND lease_until > coalesce($1, now())
            """, [store.now, .id(id)], isIdempotent: true)
        desk.held.forget(id)
    }

    /// Looks the jobs up that the worker has claimed here; for any other worker, reads the index of held jobs.
    public func leases(of worker: WorkerID) async throws(StoreError) -> [JobID: LeaseToken] {
        guard let known = desk.held.jobs(of: worker) else {
            let start = desk.now
            let held = Dictionary(
                uniqueKeysWithValues: try await store.rows(
                    statements.read.leases, [.id(worker)], isIdempotent: true
                ) { (try $0.id(JobID.self), try $0.token()) })
            desk.held.found(held, of: worker, at: start)
            return held
        }
        let held = Dictionary(
            uniqueKeysWithValues: try await store.rows(
                statements.read.leasesOfKnown, [.id(worker), .ids(Array(known.keys))], isIdempotent: true
            ) { (try $0.id(JobID.self), try $0.token()) })
        desk.held.remove(known.lazy.filter { held[$0.key] == nil }.map { ($0.key, $0.value) })
        return held
    }

    /// Reads the workers whose lease holds.
    public func workers() async throws(StoreError) -> [Worker] {
        try await store.rows(
            """
            SELECT id, process, lease_until FROM \(store.schema).workers
            WHERE lease_until > coalesce($1::timestamptz, now()) ORDER BY id
            """, [store.now], isIdempotent: true
        ) { row in
            let id = try row.id(WorkerID.self)
            let process = try row.optionalJSON(ProcessIdentity.self)
            return Worker(id: id, process: process, leasedUntil: try row.time())
        }
    }
}
