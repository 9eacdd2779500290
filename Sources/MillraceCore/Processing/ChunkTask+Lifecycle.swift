extension ChunkTask {
    /// Whether a claim at `now` may take the chunk.
    public func isClaimable(at now: Timestamp) -> Bool {
        status == .pending && (scheduledAt.map { $0 <= now } ?? true)
    }

    /// Leases the chunk to a worker.
    public mutating func claim(by worker: WorkerID, at now: Timestamp) {
        status = .processing
        workerID = worker
        leaseToken = leaseToken.next
        startedAt = now
        scheduledAt = nil
    }

    /// Ends a lease. The caller has checked the token.
    public mutating func settle(_ outcome: ChunkSettlement.Outcome, at now: Timestamp) {
        switch outcome {
        case .completed(let value, let isFromCache):
            end(.completed, at: now)
            result = value
            errorMessage = nil
            self.isFromCache = isFromCache
        case .retry(let time, let error):
            errorMessage = error
            if retryCount < maxRetries {
                retryCount += 1
                wait(until: time)
            } else {
                end(.failed, at: now)
            }
        case .failed(let error):
            end(.failed, at: now)
            errorMessage = error
        case .released:
            wait(until: nil)
        }
    }

    /// Takes the chunk from a worker that died: to be claimed again, one more crash, no retry used.
    ///
    /// One that had `maxCrashes` already, unless that is 0, is FAILED; see ``Job/rescue(maxCrashes:at:)``.
    public mutating func rescue(maxCrashes: Int = 0, at now: Timestamp) {
        crashes += 1
        if maxCrashes > 0, crashes > maxCrashes {
            end(.failed, at: now)
            errorMessage = Job.poisonMessage(crashes: crashes)
        } else {
            wait(until: nil)
        }
    }

    /// Whether its workers died so often that only an idle one may take the chunk, alone.
    public func isSuspect(maxCrashes: Int) -> Bool {
        maxCrashes > 0 && crashes >= maxCrashes
    }

    /// Makes a chunk that failed or was cancelled claimable again, its retries and crashes counted from 0.
    mutating func reopen() {
        retryCount = 0
        crashes = 0
        errorMessage = nil
        wait(until: nil)
    }

    /// Calls the chunk off; a holder is fenced.
    mutating func cancel(at now: Timestamp) {
        end(.cancelled, at: now)
    }

    private mutating func wait(until time: Timestamp?) {
        status = .pending
        scheduledAt = time
        completedAt = nil
        workerID = nil
        leaseToken = leaseToken.next
    }

    private mutating func end(_ final: ChunkStatus, at now: Timestamp) {
        status = final
        scheduledAt = nil
        completedAt = now
        workerID = nil
        leaseToken = leaseToken.next
    }
}
