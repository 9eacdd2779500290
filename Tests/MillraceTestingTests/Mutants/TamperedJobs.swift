import MillraceCore
import MillraceTesting

/// Jobs of which single verbs are broken.
struct TamperedJobs: ForwardingJobQueue {
    let base: any JobQueueRepository
    var ends: (any JobEndAnnouncing)?

    var onSave: (@Sendable (any JobQueueRepository, JobQueue) async throws -> Void)?
    var onLoad: (@Sendable (any JobQueueRepository, QueueID) async throws -> JobQueue?)?
    var onDelete: (@Sendable (any JobQueueRepository, QueueID) async throws -> Void)?
    var onFindPending: (@Sendable (any JobQueueRepository, QueueName, Int) async throws -> [Job])?
    var onMove: (@Sendable (any JobQueueRepository, JobID, JobStatus) async throws -> Void)?
    var onStats: (@Sendable (any JobQueueRepository, QueueName) async throws -> JobStats)?
    var onAllStats: (@Sendable (any JobQueueRepository) async throws -> [QueueName: JobStats])?
    var onEnqueue: (@Sendable (any JobQueueRepository, [JobRequest]) async throws -> EnqueueReceipt)?
    var onClaim: (@Sendable (any JobQueueRepository, Int, JobScope, WorkerID) async throws -> [Job])?
    var onClaimIDs: (@Sendable (any JobQueueRepository, [JobID], JobScope, WorkerID) async throws -> [Job])?
    var onReady: (@Sendable (any JobQueueRepository, [JobRange], Int) async throws -> [[JobPlace]])?
    var onSettle: (@Sendable (any JobQueueRepository, [JobSettlement]) async throws -> Set<JobID>)?
    var onRegister: (@Sendable (any JobQueueRepository, WorkerID, ProcessIdentity?, Duration) async throws -> Void)?
    var onRenew: (@Sendable (any JobQueueRepository, WorkerID, Duration) async throws -> Bool)?
    var onRetire: (@Sendable (any JobQueueRepository, WorkerID) async throws -> Void)?
    var onWorkers: (@Sendable (any JobQueueRepository) async throws -> [Worker])?
    var onLeases: (@Sendable (any JobQueueRepository, WorkerID) async throws -> [JobID: LeaseToken])?
    var onRescue: (@Sendable (any JobQueueRepository, Int) async throws -> [JobID])?
    var onJob: (@Sendable (any JobQueueRepository, JobID) async throws -> Job?)?
    var onPage: (@Sendable (any JobQueueRepository, JobFilter, JobID?, Int) async throws -> [Job])?
    var onUpkeep: (@Sendable (any JobQueueRepository) async -> Void)?

    init(_ base: any JobQueueRepository) {
        self.base = base
        ends = base.ends
    }
}

extension TamperedJobs {
    func save(_ aggregate: JobQueue) async throws(StoreError) {
        guard let tampered = onSave else { return try await base.save(aggregate) }
        return try await storeError { try await tampered(base, aggregate) }
    }

    func load(_ id: QueueID) async throws(StoreError) -> JobQueue? {
        guard let tampered = onLoad else { return try await base.load(id) }
        return try await storeError { try await tampered(base, id) }
    }

    func delete(_ id: QueueID) async throws(StoreError) {
        guard let tampered = onDelete else { return try await base.delete(id) }
        return try await storeError { try await tampered(base, id) }
    }

    func findPendingJobs(queueName: QueueName, limit: Int) async throws(StoreError) -> [Job] {
        guard let tampered = onFindPending else {
            return try await base.findPendingJobs(queueName: queueName, limit: limit)
        }
        return try await storeError { try await tampered(base, queueName, limit) }
    }

    func updateJobStatus(_ id: JobID, to status: JobStatus) async throws(StoreError) {
        guard let tampered = onMove else { return try await base.updateJobStatus(id, to: status) }
        return try await storeError { try await tampered(base, id, status) }
    }

    func jobStats(queueName: QueueName) async throws(StoreError) -> JobStats {
        guard let tampered = onStats else { return try await base.jobStats(queueName: queueName) }
        return try await storeError { try await tampered(base, queueName) }
    }

    func jobStats() async throws(StoreError) -> [QueueName: JobStats] {
        guard let tampered = onAllStats else { return try await base.jobStats() }
        return try await storeError { try await tampered(base) }
    }

    func enqueue(_ requests: [JobRequest]) async throws(StoreError) -> EnqueueReceipt {
        guard let tampered = onEnqueue else { return try await base.enqueue(requests) }
        return try await storeError { try await tampered(base, requests) }
    }

    func claim(upTo limit: Int, from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        guard let tampered = onClaim else { return try await base.claim(upTo: limit, from: scope, by: worker) }
        return try await storeError { try await tampered(base, limit, scope, worker) }
    }

    func claim(_ ids: [JobID], from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        guard let tampered = onClaimIDs else { return try await base.claim(ids, from: scope, by: worker) }
        return try await storeError { try await tampered(base, ids, scope, worker) }
    }

    func readyJobs(in ranges: [JobRange], limit: Int) async throws(StoreError) -> [[JobPlace]] {
        guard let tampered = onReady else { return try await base.readyJobs(in: ranges, limit: limit) }
        return try await storeError { try await tampered(base, ranges, limit) }
    }

    func settle(_ settlements: [JobSettlement]) async throws(StoreError) -> Set<JobID> {
        guard let tampered = onSettle else { return try await base.settle(settlements) }
        return try await storeError { try await tampered(base, settlements) }
    }

    func register(_ id: WorkerID, process: ProcessIdentity?, leasedFor duration: Duration) async throws(StoreError) {
        guard let tampered = onRegister else {
            return try await base.register(id, process: process, leasedFor: duration)
        }
        return try await storeError { try await tampered(base, id, process, duration) }
    }

    func renew(_ id: WorkerID, leasedFor duration: Duration) async throws(StoreError) -> Bool {
        guard let tampered = onRenew else { return try await base.renew(id, leasedFor: duration) }
        return try await storeError { try await tampered(base, id, duration) }
    }

    func retire(_ id: WorkerID) async throws(StoreError) {
        guard let tampered = onRetire else { return try await base.retire(id) }
        return try await storeError { try await tampered(base, id) }
    }

    func workers() async throws(StoreError) -> [Worker] {
        guard let tampered = onWorkers else { return try await base.workers() }
        return try await storeError { try await tampered(base) }
    }

    func leases(of worker: WorkerID) async throws(StoreError) -> [JobID: LeaseToken] {
        guard let tampered = onLeases else { return try await base.leases(of: worker) }
        return try await storeError { try await tampered(base, worker) }
    }

    func rescue(maxCrashes: Int) async throws(StoreError) -> [JobID] {
        guard let tampered = onRescue else { return try await base.rescue(maxCrashes: maxCrashes) }
        return try await storeError { try await tampered(base, maxCrashes) }
    }

    func job(_ id: JobID) async throws(StoreError) -> Job? {
        guard let tampered = onJob else { return try await base.job(id) }
        return try await storeError { try await tampered(base, id) }
    }

    func jobs(matching filter: JobFilter, before cursor: JobID?, limit: Int) async throws(StoreError) -> [Job] {
        guard let tampered = onPage else { return try await base.jobs(matching: filter, before: cursor, limit: limit) }
        return try await storeError { try await tampered(base, filter, cursor, limit) }
    }

    func upkeep() async {
        guard let tampered = onUpkeep else { return await base.upkeep() }
        await tampered(base)
    }
}
