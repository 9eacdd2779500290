/// A job queue around another: what it does not do itself is done by the one beneath.
///
/// A decorator writes only what it changes. Every requirement of the port is passed on here, also those for which the port
/// has a default: by that, a decorator would hide what the queue beneath can do. Whoever adds a verb to the port adds it
/// here too, and asks of each decorator whether it must see that verb: the compiler does not. What is let past one by
/// mistake is found by the rules for the verb, since the contract suite runs over each decorator as over a store.
package protocol ForwardingJobQueue: JobQueueRepository {
    /// The queue beneath.
    var base: any JobQueueRepository { get }
}

extension ForwardingJobQueue {
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
    public func enqueue(_ requests: [JobRequest]) async throws(StoreError) -> EnqueueReceipt {
        try await base.enqueue(requests)
    }

    /// See the port.
    public func claim(
        upTo limit: Int, from scope: JobScope, by worker: WorkerID
    ) async throws(StoreError) -> [Job] {
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

    /// See the port.
    public func upkeep() async {
        await base.upkeep()
    }

    /// See the port.
    public var announcements: (any WorkAnnouncing)? { base.announcements }

    /// See the port.
    public var ends: (any JobEndAnnouncing)? { base.ends }
}
