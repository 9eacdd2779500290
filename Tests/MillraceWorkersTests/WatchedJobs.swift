import MillraceCore

/// Jobs in memory, each call of a worker logged first.
struct WatchedJobs: ForwardingJobQueue {
    let base: any JobQueueRepository
    let log: CallLog

    func claim(upTo limit: Int, from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        try await log.note(.claim(limit))
        let claimed = try await base.claim(upTo: limit, from: scope, by: worker)
        try await log.noteEnd(of: .claim(limit))
        return claimed
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
}
