/// Keeps queues, jobs and the workers that hold them.
///
/// `save`, `load` and `delete` work on a whole ``JobQueue``; the other verbs are what a fast and safe queue runs on.
/// `load` of a queue that was never saved but has jobs is `nil`; saving a queue with a name that another identity has
/// is a `conflict`; of its settings the last save holds. `delete` throws `conflict` while a job of the queue is PROCESSING.
public protocol JobQueueRepository: Repository where Aggregate == JobQueue {
    /// Reads jobs that may be claimed now, the most urgent first, the oldest first among equals. Leases nothing.
    func findPendingJobs(queueName: QueueName, limit: Int) async throws(StoreError) -> [Job]

    /// Changes a job's status by hand, if the present one allows it; a holder is fenced. SCHEDULED means due now.
    ///
    /// From FAILED or CANCELLED to QUEUED, retries and crashes count from 0 again.
    ///
    /// - Throws: `notFound`; `illegalMove`, to PROCESSING always; `conflict` when the job would be open again while
    ///   another open job has its unique key.
    func updateJobStatus(_ id: JobID, to status: JobStatus) async throws(StoreError)

    /// Counts the jobs of a queue.
    func jobStats(queueName: QueueName) async throws(StoreError) -> JobStats

    /// Counts the jobs of every queue that has any, or was saved, at one moment.
    ///
    /// Costs no more for a million jobs than for one.
    func jobStats() async throws(StoreError) -> [QueueName: JobStats]

    /// Adds jobs, all or none; a request whose unique key an open job has is skipped and named in the receipt.
    ///
    /// Two requests of one batch with the same key are one job.
    func enqueue(_ requests: [JobRequest]) async throws(StoreError) -> EnqueueReceipt

    /// Leases up to `limit` jobs to a worker: the most urgent first, the oldest first among equals.
    ///
    /// Includes SCHEDULED jobs whose time has come. No job is ever given to two workers. A `limit` that is not
    /// positive gives none.
    ///
    /// - Throws: `conflict` when the worker has no lease: it must ``register(_:process:leasedFor:)`` first.
    func claim(upTo limit: Int, from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job]

    /// Leases given jobs to a worker, for who knows already which they are: those of them that
    /// ``claim(upTo:from:by:)`` could give it now, in the order given.
    ///
    /// All others are left out, whatever the reason: there is no such job, it is held, has ended, is not due, or lies
    /// outside the scope. Costs no more for a million jobs in the store than for few. A scope that is alone gets one.
    ///
    /// - Throws: `conflict` when the worker has no lease.
    func claim(_ ids: [JobID], from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job]

    /// Reads where the jobs stand that may be claimed now: of each stretch up to `limit` of the first, in the order of
    /// claims. Leases nothing.
    ///
    /// From the beginning of a kind, that includes up to `limit` SCHEDULED jobs whose time has come; behind a place only
    /// QUEUED jobs are read. One that was queued again a moment ago may be missing.
    func readyJobs(in ranges: [JobRange], limit: Int) async throws(StoreError) -> [[JobPlace]]

    /// Ends leases, each guarded by its token. A job that nobody holds cannot be settled, whatever the token.
    ///
    /// A job that is to wait for a transcript that has ended already, or that does not exist, is queued at once.
    ///
    /// - Returns: the jobs whose lease was lost, and those that do not exist; nothing of theirs changed.
    func settle(_ settlements: [JobSettlement]) async throws(StoreError) -> Set<JobID>

    /// Makes a worker known, with a lease from now; one that is known already begins a new lease.
    func register(_ id: WorkerID, process: ProcessIdentity?, leasedFor duration: Duration) async throws(StoreError)

    /// Renews the lease of a worker, which covers all that it holds: one heartbeat, one row.
    ///
    /// - Returns: `false` when the lease had already run out. The worker must then stop all its work, for others may
    ///   hold it, and come back under a new identity.
    func renew(_ id: WorkerID, leasedFor duration: Duration) async throws(StoreError) -> Bool

    /// Ends a worker's lease now: it stopped, or its process is known to be gone. What it still holds can be rescued.
    func retire(_ id: WorkerID) async throws(StoreError)

    /// The workers whose lease holds.
    func workers() async throws(StoreError) -> [Worker]

    /// Queues again what is held by workers without a lease, and adds one to its `crashes`; `retryCount` stays.
    ///
    /// A job that had `maxCrashes` of them already, unless that is 0, is FAILED instead: it has killed its worker when
    /// it ran alone. Safe to run in many processes at once.
    ///
    /// - Returns: the jobs taken back, the failed ones included.
    func rescue(maxCrashes: Int) async throws(StoreError) -> [JobID]

    /// The jobs that a worker holds, with the tokens of their leases. Costs one look at an index.
    ///
    /// What a worker runs and does not find here was taken from it: cancelled, or given to another.
    func leases(of worker: WorkerID) async throws(StoreError) -> [JobID: LeaseToken]

    /// Reads one job; `nil` when there is none.
    func job(_ id: JobID) async throws(StoreError) -> Job?

    /// The jobs that a filter lets through, newest first by identity, a page at a time: those before `cursor`, or from the
    /// newest when it is `nil`.
    ///
    /// Costs no more for a million jobs than for few, however rare the wanted ones are.
    func jobs(matching filter: JobFilter, before cursor: JobID?, limit: Int) async throws(StoreError) -> [Job]

    /// Does what one process does for all that use a store, if that is due here: to be called about once a second by whoever
    /// claims jobs all the time, beside the claims.
    ///
    /// Nothing depends on one call, so none fails; where nobody calls it, claims do it themselves now and then. Safe to run
    /// in many processes at once.
    func upkeep() async

    /// What says when there is new work; `nil` for a store that has to be asked.
    var announcements: (any WorkAnnouncing)? { get }

    /// What says when jobs end; `nil` for a store that has to be asked.
    var ends: (any JobEndAnnouncing)? { get }
}

extension JobQueueRepository {
    /// Nothing: the store needs none.
    public func upkeep() async {}

    /// Nothing: whoever waits for work has to ask.
    public var announcements: (any WorkAnnouncing)? { nil }

    /// Nothing: whoever waits for a job has to ask.
    public var ends: (any JobEndAnnouncing)? { nil }

    /// Reads up to ten jobs that may be claimed now.
    public func findPendingJobs(queueName: QueueName) async throws(StoreError) -> [Job] {
        try await findPendingJobs(queueName: queueName, limit: 10)
    }

    /// Takes back what dead workers hold, however often that has happened before.
    @discardableResult
    public func rescue() async throws(StoreError) -> [JobID] {
        try await rescue(maxCrashes: 0)
    }

    /// Adds one job.
    ///
    /// - Returns: its identity, or that of the open job with the same unique key.
    @discardableResult
    public func enqueue(_ request: JobRequest) async throws(StoreError) -> JobID {
        let receipt = try await enqueue([request])
        return receipt.ids[0]
    }

    /// What a job returned: `nil` until it is COMPLETED, or when it returned nothing or does not exist.
    public func result(of id: JobID) async throws(StoreError) -> JSONText? {
        try await job(id)?.result
    }

    /// The jobs of a queue, newest first by identity, a page at a time.
    public func jobs(of queueName: QueueName, before cursor: JobID?, limit: Int) async throws(StoreError) -> [Job] {
        try await jobs(matching: JobFilter(queues: [queueName]), before: cursor, limit: limit)
    }

    /// All jobs of a queue, newest first, read a page at a time.
    public func jobs(of queueName: QueueName) -> PagedSequence<Job, JobID> {
        PagedSequence(
            pageSize: 500, cursor: { $0.id },
            fetch: { [self] cursor, limit throws(StoreError) in
                try await jobs(of: queueName, before: cursor, limit: limit)
            })
    }
}
