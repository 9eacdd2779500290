import MillraceCore
import Synchronization

/// A queue whose claims are counted.
struct WatchedQueue: JobQueueRepository {
    /// How jobs were asked for.
    final class Counts: Sendable {
        private let state = Mutex((looks: 0, given: 0))
        /// Claims that ask the queue which jobs there are, and claims of given jobs.
        var value: (looks: Int, given: Int) { state.withLock { $0 } }
        func noteLook() { state.withLock { $0.looks += 1 } }
        func noteGiven() { state.withLock { $0.given += 1 } }
    }

    let base: any JobQueueRepository
    let counts = Counts()

    init(_ base: any JobQueueRepository) {
        self.base = base
    }

    func claim(upTo limit: Int, from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        counts.noteLook()
        return try await base.claim(upTo: limit, from: scope, by: worker)
    }
    func claim(_ ids: [JobID], from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        counts.noteGiven()
        return try await base.claim(ids, from: scope, by: worker)
    }

    var announcements: (any WorkAnnouncing)? { base.announcements }
    var ends: (any JobEndAnnouncing)? { base.ends }
    func save(_ queue: JobQueue) async throws(StoreError) { try await base.save(queue) }
    func load(_ id: QueueID) async throws(StoreError) -> JobQueue? { try await base.load(id) }
    func delete(_ id: QueueID) async throws(StoreError) { try await base.delete(id) }
    func findPendingJobs(queueName: QueueName, limit: Int) async throws(StoreError) -> [Job] {
        try await base.findPendingJobs(queueName: queueName, limit: limit)
    }
    func readyJobs(in ranges: [JobRange], limit: Int) async throws(StoreError) -> [[JobPlace]] {
        try await base.readyJobs(in: ranges, limit: limit)
    }
    func updateJobStatus(_ id: JobID, to status: JobStatus) async throws(StoreError) {
        try await base.updateJobStatus(id, to: status)
    }
    func jobStats(queueName: QueueName) async throws(StoreError) -> JobStats {
        try await base.jobStats(queueName: queueName)
    }
    func jobStats() async throws(StoreError) -> [QueueName: JobStats] { try await base.jobStats() }
    func enqueue(_ requests: [JobRequest]) async throws(StoreError) -> EnqueueReceipt {
        try await base.enqueue(requests)
    }
    func settle(_ settlements: [JobSettlement]) async throws(StoreError) -> Set<JobID> {
        try await base.settle(settlements)
    }
    func register(
        _ id: WorkerID, process: ProcessIdentity?, leasedFor duration: Duration
    ) async throws(StoreError) {
        try await base.register(id, process: process, leasedFor: duration)
    }
    func renew(_ id: WorkerID, leasedFor duration: Duration) async throws(StoreError) -> Bool {
        try await base.renew(id, leasedFor: duration)
    }
    func retire(_ id: WorkerID) async throws(StoreError) { try await base.retire(id) }
    func workers() async throws(StoreError) -> [Worker] { try await base.workers() }
    func leases(of worker: WorkerID) async throws(StoreError) -> [JobID: LeaseToken] {
        try await base.leases(of: worker)
    }
    func upkeep() async { await base.upkeep() }
    func rescue(maxCrashes: Int) async throws(StoreError) -> [JobID] {
        try await base.rescue(maxCrashes: maxCrashes)
    }
    func job(_ id: JobID) async throws(StoreError) -> Job? { try await base.job(id) }
    func jobs(matching filter: JobFilter, before cursor: JobID?, limit: Int) async throws(StoreError) -> [Job] {
        try await base.jobs(matching: filter, before: cursor, limit: limit)
    }
}
