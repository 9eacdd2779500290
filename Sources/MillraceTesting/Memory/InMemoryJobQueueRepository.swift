public import MillraceCore

/// Jobs in memory, for tests and for programs that need no durability.
public struct InMemoryJobQueueRepository: JobQueueRepository {
    private let store: InMemoryStore

    /// Makes a repository over a store, which other repositories may share.
    public init(_ store: InMemoryStore) {
        self.store = store
    }

    /// See the port.
    public func save(_ queue: JobQueue) async throws(StoreError) {
        try store.step { (state, _) throws(StoreError) in try state.saveQueue(queue) }
    }

    /// See the port.
    public func load(_ id: QueueID) async throws(StoreError) -> JobQueue? {
        try store.step { state, now in state.loadQueue(id, at: now) }
    }

    /// See the port.
    public func delete(_ id: QueueID) async throws(StoreError) {
        try store.step { (state, _) throws(StoreError) in try state.deleteQueue(id) }
    }

    /// See the port.
    public func findPendingJobs(queueName: QueueName, limit: Int) async throws(StoreError) -> [Job] {
        try store.step { state, now in state.pendingJobs(of: queueName, limit: limit, at: now) }
    }

    /// See the port.
    public func updateJobStatus(_ id: JobID, to status: JobStatus) async throws(StoreError) {
        try store.step { (state, now) throws(StoreError) in try state.moveJob(id, to: status, at: now) }
    }

    /// See the port.
    public func jobStats(queueName: QueueName) async throws(StoreError) -> JobStats {
        try store.step { state, now in state.stats(of: queueName, at: now) }
    }

    /// See the port.
    public func jobStats() async throws(StoreError) -> [QueueName: JobStats] {
        try store.step { state, now in state.allStats(at: now) }
    }

    /// See the port.
    public func enqueue(_ requests: [JobRequest]) async throws(StoreError) -> EnqueueReceipt {
        try store.step { (state, now) throws(StoreError) in
            for request in requests { try request.validate() }
            try state.requireStorable(requests.compactMap(\.uniqueKey))
            try state.requireStorable(requests.compactMap(\.traceContext))
            return state.enqueue(requests, at: now)
        }
    }

    /// See the port.
    public func claim(upTo limit: Int, from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        try store.step { (state, now) throws(StoreError) in
            try state.claimJobs(upTo: limit, from: scope, by: worker, at: now)
        }
    }

    /// See the port.
    public func claim(_ ids: [JobID], from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        try store.step { (state, now) throws(StoreError) in
            try state.claimJobs(ids, from: scope, by: worker, at: now)
        }
    }

    /// See the port.
    public func readyJobs(in ranges: [JobRange], limit: Int) async throws(StoreError) -> [[JobPlace]] {
        try store.step { state, now in ranges.map { state.readyJobs(in: $0, limit: limit, at: now) } }
    }

    /// See the port.
    public func settle(_ settlements: [JobSettlement]) async throws(StoreError) -> Set<JobID> {
        try store.step { state, now in state.settle(settlements, at: now) }
    }

    /// See the port.
    public func register(
        _ id: WorkerID, process: ProcessIdentity?, leasedFor duration: Duration
    ) async throws(StoreError) {
        try store.step { state, now in state.register(id, process: process, until: now + duration) }
    }

    /// See the port.
    public func renew(_ id: WorkerID, leasedFor duration: Duration) async throws(StoreError) -> Bool {
        try store.step { state, now in state.renew(id, until: now + duration, at: now) }
    }

    /// See the port.
    public func retire(_ id: WorkerID) async throws(StoreError) {
        try store.step { state, _ in state.workers[id] = nil }
    }

    /// See the port.
    public func workers() async throws(StoreError) -> [Worker] {
        try store.step { state, now in state.leasedWorkers(at: now) }
    }

    /// See the port.
    public func leases(of worker: WorkerID) async throws(StoreError) -> [JobID: LeaseToken] {
        try store.step { state, _ in state.jobLeases(of: worker) }
    }

    /// See the port.
    public func rescue(maxCrashes: Int) async throws(StoreError) -> [JobID] {
        try store.step { state, now in state.rescueJobs(maxCrashes: maxCrashes, at: now) }
    }

    /// See the port.
    public func job(_ id: JobID) async throws(StoreError) -> Job? {
        try store.step { state, _ in state.jobs[id] }
    }

    /// See the port.
    public func jobs(
        matching filter: JobFilter, before cursor: JobID?, limit: Int
    ) async throws(StoreError) -> [Job] {
        try store.step { state, _ in state.jobs(matching: filter, before: cursor, limit: limit) }
    }
}
