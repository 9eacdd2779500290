import MillraceCore
import MillraceTesting

/// Jobs in memory, each call of a worker logged first.
struct WatchedJobs: JobQueueRepository {
    let base: InMemoryJobQueueRepository
    let log: CallLog

    func save(_ queue: JobQueue) async throws(StoreError) { try await base.save(queue) }
    func load(_ id: QueueID) async throws(StoreError) -> JobQueue? { try await base.load(id) }
    func delete(_ id: QueueID) async throws(StoreError) { try await base.delete(id) }
    func findPendingJobs(queueName: QueueName, limit: Int) async throws(StoreError) -> [Job] {
        try await base.findPendingJobs(queueName: queueName, limit: limit)
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
    func claim(upTo limit: Int, from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        try await log.note(.claim(limit))
        let claimed = try await base.claim(upTo: limit, from: scope, by: worker)
        try await log.noteEnd(of: .claim(limit))
        return claimed
    }
    func claim(_ ids: [JobID], from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        try await base.claim(ids, from: scope, by: worker)
    }
    func readyJobs(in ranges: [JobRange], limit: Int) async throws(StoreError) -> [[JobPlace]] {
        try await base.readyJobs(in: ranges, limit: limit)
    }
    func settle(_ settlements: [JobSettlement]) async throws(StoreError) -> Set<JobID> {
        try await log.note(.settle(settlements.count))
        if settlements.contains(where: log.isRefused) { throw StoreError(.invalid, "this cannot be kept") }
        return try await base.settle(settlements)
    }
    func register(
        _ id: WorkerID, process: ProcessIdentity?, leasedFor duration: Duration
    ) async throws(StoreError) {
        try await log.note(.register)
        try await base.register(id, process: process, leasedFor: duration)
    }
    func renew(_ id: WorkerID, leasedFor duration: Duration) async throws(StoreError) -> Bool {
        try await log.note(.renew)
        return try await base.renew(id, leasedFor: duration)
    }
    func retire(_ id: WorkerID) async throws(StoreError) {
        try await log.note(.retire)
        try await base.retire(id)
    }
    func workers() async throws(StoreError) -> [Worker] {
        try await log.note(.workers)
        return try await base.workers()
    }
    func leases(of worker: WorkerID) async throws(StoreError) -> [JobID: LeaseToken] {
        try await base.leases(of: worker)
    }

    func upkeep() async {
        try? await log.note(.upkeep)
        await base.upkeep()
    }

    func rescue(maxCrashes: Int) async throws(StoreError) -> [JobID] {
        try await log.note(.rescue)
        return try await base.rescue(maxCrashes: maxCrashes)
    }
    func job(_ id: JobID) async throws(StoreError) -> Job? {
        try await log.note(.job)
        return try await base.job(id)
    }
    func jobs(matching filter: JobFilter, before cursor: JobID?, limit: Int) async throws(StoreError) -> [Job] {
        try await base.jobs(matching: filter, before: cursor, limit: limit)
    }
}
