public import MillraceCore

/// What changes jobs: others are told of what has ended, and of what is queued again.
extension RedisReadyQueue {
    /// Ends leases, and then tells those who wait for the jobs.
    public func settle(_ settlements: [JobSettlement]) async throws(StoreError) -> Set<JobID> {
        let lost = try await base.settle(settlements)
        let settled = settlements.filter { !lost.contains($0.jobID) }
        let now = SystemWallClock().now()
        if settled.contains(where: { $0.outcome.mayQueue(at: now) }) { await queuedAgain() }
        await jobEnds.tell(
            settled.compactMap { settlement in settlement.outcome.mayEnd.map { (settlement.jobID, $0) } })
        return lost
    }

    /// Takes back what dead workers hold.
    public func rescue(maxCrashes: Int) async throws(StoreError) -> [JobID] {
        let rescued = try await base.rescue(maxCrashes: maxCrashes)
        guard !rescued.isEmpty else { return rescued }
        await queuedAgain()
        if maxCrashes > 0 { await jobEnds.tell(rescued.map { ($0, nil) }) }
        return rescued
    }

    /// Changes a status by hand.
    public func updateJobStatus(_ id: JobID, to status: JobStatus) async throws(StoreError) {
        try await base.updateJobStatus(id, to: status)
        if status.isOpen { await queuedAgain() } else { await jobEnds.tell([(id, nil)]) }
    }

    /// Writes a queue and the jobs that were changed in it.
    public func save(_ aggregate: JobQueue) async throws(StoreError) {
        try await base.save(aggregate)
        guard !aggregate.changes.isEmpty else { return }
        await queuedAgain()
        await jobEnds.tell(aggregate.changes.map { ($0.jobID, nil) })
    }

    /// Lets claims, here and elsewhere, find jobs of which there are no hints.
    private func queuedAgain() async {
        hints.desk.wishForLook()
        await hints.announceAgain()
    }
}

extension JobSettlement.Outcome {
    /// Whether the job may be queued now, without a hint.
    fileprivate func mayQueue(at now: Timestamp) -> Bool {
        switch self {
        case .released: true
        case .retry(let time, _), .snoozed(let time, _): time <= now
        // One whose transcript has ended meanwhile is found by the next look: each run of `transcribe` waits once, and
        // would have everybody ask the store.
        case .awaiting, .completed, .failed, .cancelled: false
        }
    }

    /// How the job may have ended; `nil` within when that is not known, and without when it has not.
    fileprivate var mayEnd: JobEnd?? {
        switch self {
        case .completed(let result): .some(.completed(result: result))
        case .failed(let error): .some(.failed(error: error))
        case .cancelled: .some(.cancelled)
        // With no retry left it has failed.
        case .retry: .some(nil)
        case .released, .snoozed, .awaiting: nil
        }
    }
}
