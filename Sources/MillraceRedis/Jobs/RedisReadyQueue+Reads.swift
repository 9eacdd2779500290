public import MillraceCore

/// What is the business of the queue beneath alone.
extension RedisReadyQueue {
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
    public func readyJobs(in ranges: [JobRange], limit: Int) async throws(StoreError) -> [[JobPlace]] {
        try await base.readyJobs(in: ranges, limit: limit)
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
