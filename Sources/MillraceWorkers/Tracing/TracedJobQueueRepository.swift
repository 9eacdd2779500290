public import MillraceCore

/// Jobs in the trace of those who enqueue them.
///
/// Enqueueing is a span, and its context goes into the rows of requests that name none; whoever runs the jobs goes on
/// with that trace. Everything else is passed on as it is. A factory gives out its repositories in this form.
public struct TracedJobQueueRepository: JobQueueRepository {
    private let base: any JobQueueRepository

    /// Wraps a repository.
    public init(_ base: any JobQueueRepository) {
        self.base = base
    }

    /// Adds jobs in a span, a part of what the task does.
    public func enqueue(_ requests: [JobRequest]) async throws(StoreError) -> EnqueueReceipt {
        try await Spans.enqueue { (span, headers) async throws(StoreError) in
            guard let span else { return try await base.enqueue(requests) }
            let receipt = try await base.enqueue(requests.map { $0.carrying(headers) })
            span.describe(requests, receipt)
            return receipt
        }
    }

    /// See the port.
    public func upkeep() async {
        await base.upkeep()
    }

    /// See the port.
    public var announcements: (any WorkAnnouncing)? { base.announcements }

    /// See the port.
    public var ends: (any JobEndAnnouncing)? { base.ends }

    /// See the port.
    public func save(_ aggregate: JobQueue) async throws(StoreError) {
        try await base.save(aggregate)
    }

    /// See the port.
    public func load(_ id: QueueID) async throws(StoreError) -> JobQueue? {
        try await base.load(id)
    }

    /// See the port.
    public func delete(_ id: QueueID) async throws(StoreError) {
        try await base.delete(id)
    }

    /// See the port.
    public func findPendingJobs(queueName: QueueName, limit: Int) async throws(StoreError) -> [Job] {
        try await base.findPendingJobs(queueName: queueName, limit: limit)
    }

    /// See the port.
    public func updateJobStatus(_ id: JobID, to status: JobStatus) async throws(StoreError) {
        try await base.updateJobStatus(id, to: status)
    }

    /// See the port.
    public func jobStats(queueName: QueueName) async throws(StoreError) -> JobStats {
        try await base.jobStats(queueName: queueName)
    }

    /// See the port.
    public func jobStats() async throws(StoreError) -> [QueueName: JobStats] {
        try await base.jobStats()
    }

    /// See the port.
    public func claim(upTo limit: Int, from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        try await base.claim(upTo: limit, from: scope, by: worker)
    }

    /// See the port.
    public func claim(_ ids: [JobID], from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        try await base.claim(ids, from: scope, by: worker)
    }

    /// See the port.
    public func readyJobs(in ranges: [JobRange], limit: Int) async throws(StoreError) -> [[JobPlace]] {
        try await base.readyJobs(in: ranges, limit: limit)
    }

    /// See the port.
    public func settle(_ settlements: [JobSettlement]) async throws(StoreError) -> Set<JobID> {
        try await base.settle(settlements)
    }

    /// See the port.
    public func register(
        _ id: WorkerID, process: ProcessIdentity?, leasedFor duration: Duration
    ) async throws(StoreError) {
        try await base.register(id, process: process, leasedFor: duration)
    }

    /// See the port.
    public func renew(_ id: WorkerID, leasedFor duration: Duration) async throws(StoreError) -> Bool {
        try await base.renew(id, leasedFor: duration)
    }

    /// See the port.
    public func retire(_ id: WorkerID) async throws(StoreError) {
        try await base.retire(id)
    }

    /// See the port.
    public func workers() async throws(StoreError) -> [Worker] {
        try await base.workers()
    }

    /// See the port.
    public func rescue(maxCrashes: Int) async throws(StoreError) -> [JobID] {
        try await base.rescue(maxCrashes: maxCrashes)
    }

    /// See the port.
    public func leases(of worker: WorkerID) async throws(StoreError) -> [JobID: LeaseToken] {
        try await base.leases(of: worker)
    }

    /// See the port.
    public func job(_ id: JobID) async throws(StoreError) -> Job? {
        try await base.job(id)
    }

    /// See the port.
    public func jobs(matching filter: JobFilter, before cursor: JobID?, limit: Int) async throws(StoreError) -> [Job] {
        try await base.jobs(matching: filter, before: cursor, limit: limit)
    }
}
