public import GRDB
public import MillraceCore

/// Jobs, queues and workers in a SQLite file.
public struct SQLiteJobQueueRepository: JobQueueRepository {
    /// Jobs whose time has come are queued so many at once, so that a claim never holds the store for long.
    private static let promotionLimit = 1_000

    /// The store that the jobs are kept in, for transactions of the caller's own.
    public let store: SQLiteStore
    private let filled = FilledClaim<JobScope>()

    /// Uses an open store.
    public init(_ store: SQLiteStore) {
        self.store = store
    }

    /// Adds jobs in one transaction.
    public func enqueue(_ requests: [JobRequest]) async throws(StoreError) -> EnqueueReceipt {
        guard !requests.isEmpty else { return EnqueueReceipt(ids: [], skipped: []) }
        return try await store.write { db in try enqueue(requests, in: db) }
    }

    /// Adds jobs in a transaction of the caller's, from ``SQLiteStore/transaction(_:)``: they are there if that commits.
    public func enqueue(_ requests: [JobRequest], in db: Database) throws -> EnqueueReceipt {
        guard !requests.isEmpty else { return EnqueueReceipt(ids: [], skipped: []) }
        for request in requests { try request.validate() }
        let now = store.clock.now()
        let jobs = requests.map { Job($0, id: store.makeID(at: now), at: now) }
        let inserted = try JobInsert.insert(jobs, in: db, at: now)
        if inserted.count == jobs.count { return EnqueueReceipt(ids: jobs.map(\.id), skipped: [], createdAt: now) }
        let holders = try openJobs(withKeys: requests.compactMap(\.uniqueKey), in: db)
        let skipped = jobs.indices.filter { !inserted.contains(jobs[$0].id) }
        let ids = jobs.map { job in
            inserted.contains(job.id) ? job.id : job.uniqueKey.flatMap { holders[$0] } ?? job.id
        }
        return EnqueueReceipt(ids: ids, skipped: skipped, createdAt: now)
    }

    /// Leases jobs in one transaction.
    public func claim(
        upTo limit: Int, from scope: JobScope, by worker: WorkerID
    ) async throws(StoreError) -> [Job] {
        guard limit > 0, !scope.queues.isEmpty, !scope.types.isEmpty else { return [] }
        if !filled.wasLast(by: worker, from: scope) {
            guard try await isAnythingClaimable(from: scope, by: worker) else { return [] }
        }
        let claimed = try await lease(upTo: limit, from: scope, to: worker)
        filled.note(claimed.count >= limit, by: worker, from: scope)
        return claimed
    }

    private func lease(
        upTo limit: Int, from scope: JobScope, to worker: WorkerID
    ) async throws(StoreError) -> [Job] {
        let clock = store.clock
        return try await store.write { db in
            let now = clock.now()
            try WorkerLease.require(worker, in: db, at: now)
            try db.run(
                """
                UPDATE processing_jobs SET status = 'QUEUED', scheduled_at = NULL
                WHERE id IN (
                    SELECT id FROM processing_jobs
                    WHERE status = 'SCHEDULED' AND scheduled_at <= ? ORDER BY scheduled_at LIMIT ?
                )
                """, [now.microseconds, max(limit, Self.promotionLimit)])
            let jobs = try db.rows(
                """
                UPDATE processing_jobs
                SET status = 'PROCESSING', worker_id = :worker, lease_token = lease_token + 1, started_at = :now,
                    updated_at = :now
                WHERE id IN (
                    SELECT id FROM (\(JobChoice.sql(for: scope)))
                    ORDER BY priority DESC, created_at, id LIMIT :limit
                )
                RETURNING \(JobRow.columns)
                """,
                JobChoice.arguments(for: scope, limit: limit) + ["worker": worker.sql, "now": now.microseconds],
                JobRow.read)
            // RETURNING promises no order.
            return jobs.sorted { ($1.priority, $0.createdAt, $0.id) < ($0.priority, $1.createdAt, $1.id) }
        }
    }

    /// Whether a claim would find anything: a worker that waits must not take the lock of those that write.
    private func isAnythingClaimable(from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> Bool {
        let clock = store.clock
        return try await store.read { db in
            let now = clock.now()
            try WorkerLease.require(worker, in: db, at: now)
            let found = try db.rows(
                """
                SELECT EXISTS (SELECT 1 FROM processing_jobs WHERE status = 'SCHEDULED' AND scheduled_at <= :now)
                    OR EXISTS (\(JobChoice.sql(for: scope)))
                """, JobChoice.arguments(for: scope, limit: 1) + ["now": now.microseconds]
            ) { try $0.value(Int.self) }
            return found[0] == 1
        }
    }

    /// Ends leases by one statement; the fence is its `lease_token`.
    public func settle(_ settlements: [JobSettlement]) async throws(StoreError) -> Set<JobID> {
        guard !settlements.isEmpty else { return [] }
        return try await store.write { db in try settle(settlements, in: db) }
    }

    /// Ends leases in a transaction of the caller's, from ``SQLiteStore/transaction(_:)``, together with what the jobs
    /// did in it.
    ///
    /// Throw when a lease of theirs was lost, and nothing of it has happened.
    public func settle(_ settlements: [JobSettlement], in db: Database) throws -> Set<JobID> {
        guard !settlements.isEmpty else { return [] }
        return try JobSettle.settle(settlements, in: db, at: store.clock.now())
    }

    /// Takes back by one statement what workers without a lease hold.
    public func rescue(maxCrashes: Int) async throws(StoreError) -> [JobID] {
        let clock = store.clock
        return try await store.write { db in
            try db.rows(
                """
                UPDATE processing_jobs
                SET status = CASE WHEN :limit > 0 AND crashes >= :limit THEN 'FAILED' ELSE 'QUEUED' END,
                    worker_id = NULL, lease_token = lease_token + 1, crashes = crashes + 1, updated_at = :now,
                    completed_at = CASE WHEN :limit > 0 AND crashes >= :limit THEN :now END,
                    error_message = CASE
                        WHEN :limit > 0 AND crashes >= :limit THEN replace(:reason, '#', crashes + 1)
                        ELSE error_message
                    END
                WHERE status = 'PROCESSING'
                  AND worker_id NOT IN (SELECT id FROM workers WHERE lease_until > :now)
                RETURNING id
                """,
                [
                    "now": clock.now().microseconds, "limit": maxCrashes,
                    "reason": Job.poisonMessage(crashes: 0).replacing("0", with: "#"),
                ]
            ) { try $0.id(JobID.self) }
        }
    }

    /// Changes a status by hand, after the core's rules.
    public func updateJobStatus(_ id: JobID, to status: JobStatus) async throws(StoreError) {
        let clock = store.clock
        try await store.write { db in
            guard var job = try self.job(id, in: db) else {
                throw StoreError(.notFound, "there is no job \(id)")
            }
            let token = job.leaseToken
            try job.move(to: status, at: clock.now())
            try JobUpdate.update(job, loadedWith: token, in: db)
        }
    }

    /// Reads one job by its identity.
    public func job(_ id: JobID) async throws(StoreError) -> Job? {
        try await store.read { db in try self.job(id, in: db) }
    }

    func job(_ id: JobID, in db: Database) throws -> Job? {
        try db.rows("SELECT \(JobRow.columns) FROM processing_jobs WHERE id = ?", [id.sql], JobRow.read).first
    }

    private func openJobs(withKeys keys: [String], in db: Database) throws -> [String: JobID] {
        let rows = try db.rows(
            """
            SELECT unique_key, id FROM processing_jobs
            WHERE unique_key IN (SELECT value FROM json_each(?)) AND unique_key IS NOT NULL
              AND status IN ('QUEUED', 'SCHEDULED', 'PROCESSING')
            """, [try json(keys)]
        ) { (try $0.value(String.self), try $0.id(JobID.self)) }
        return Dictionary(uniqueKeysWithValues: rows)
    }
}
