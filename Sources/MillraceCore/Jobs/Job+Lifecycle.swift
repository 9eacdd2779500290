extension Job {
    /// Whether a claim at `now` may take the job.
    public func isClaimable(at now: Timestamp) -> Bool {
        switch status {
        case .queued: true
        case .scheduled: scheduledAt.map { $0 <= now } ?? true
        default: false
        }
    }

    /// Leases the job to a worker.
    public mutating func claim(by worker: WorkerID, at now: Timestamp) {
        status = .processing
        workerID = worker
        leaseToken = leaseToken.next
        startedAt = now
        scheduledAt = nil
        updatedAt = now
    }

    /// Ends a lease. The caller has checked the token.
    public mutating func settle(_ outcome: JobSettlement.Outcome, at now: Timestamp) {
        switch outcome {
        case .completed(let value):
            end(.completed, at: now)
            result = value
            errorMessage = nil
        case .retry(let time, let error):
            errorMessage = error
            if retryCount < maxRetries {
                retryCount += 1
                wait(until: time, at: now)
            } else {
                end(.failed, at: now)
            }
        case .failed(let error):
            end(.failed, at: now)
            errorMessage = error
        case .snoozed(let time, let reason):
            wait(until: time, at: now)
            errorMessage = reason ?? errorMessage
        case .awaiting(let transcript, let time):
            wait(until: time, at: now)
            awaits = transcript
            errorMessage = nil
        case .released:
            wait(until: now, at: now)
        case .cancelled:
            end(.cancelled, at: now)
        }
    }

    /// Makes a job due that waits, because the transcript that it waits for has ended.
    public mutating func wake() {
        status = .queued
        scheduledAt = nil
    }

    /// Notes, while the job is held, the transcript that it has begun and will wait for.
    public mutating func begin(_ transcript: TranscriptID) {
        awaits = transcript
    }

    /// Takes the job from a worker that died: back to the queue, one more crash, no retry used.
    ///
    /// One that had `maxCrashes` already, unless that is 0, was run alone, so that nothing else can have killed its
    /// worker: it is FAILED.
    public mutating func rescue(maxCrashes: Int = 0, at now: Timestamp) {
        crashes += 1
        if maxCrashes > 0, crashes > maxCrashes {
            end(.failed, at: now)
            errorMessage = Self.poisonMessage(crashes: crashes)
        } else {
            wait(until: now, at: now)
        }
    }

    /// Whether its workers died so often that only an idle one may take the job, alone; never when `maxCrashes` is 0.
    public func isSuspect(maxCrashes: Int) -> Bool {
        maxCrashes > 0 && crashes >= maxCrashes
    }

    /// Why a job or a chunk that keeps killing its workers is given up.
    public static func poisonMessage(crashes: Int) -> String {
        "its worker died \(crashes) times while it ran, the last time with nothing else; it is not tried again"
    }

    /// Changes the status by hand.
    ///
    /// Raises the lease token, so that a holder is fenced. Back to QUEUED from FAILED or CANCELLED, `retryCount` and
    /// `crashes` start again from 0, and the job begins its work anew.
    ///
    /// - Throws: `illegalMove` when the status may not change that way; PROCESSING always, since only a claim leases.
    public mutating func move(to target: JobStatus, at now: Timestamp) throws(StoreError) {
        guard target != .processing, status.nextStatuses.contains(target) else {
            throw .illegalMove(from: status, to: target)
        }
        if status == .failed || status == .cancelled {
            retryCount = 0
            crashes = 0
            errorMessage = nil
            awaits = nil
        }
        if target.isOpen {
            wait(until: now, at: now)
            status = target
            scheduledAt = target == .scheduled ? now : nil
        } else {
            end(target, at: now)
        }
    }

    private mutating func wait(until time: Timestamp, at now: Timestamp) {
        status = time > now ? .scheduled : .queued
        scheduledAt = time > now ? time : nil
        completedAt = nil
        loseLease(at: now)
    }

    private mutating func end(_ final: JobStatus, at now: Timestamp) {
        status = final
        scheduledAt = nil
        completedAt = now
        loseLease(at: now)
    }

    private mutating func loseLease(at now: Timestamp) {
        workerID = nil
        leaseToken = leaseToken.next
        updatedAt = now
    }
}

extension StoreError {
    /// The error for a change of status that is not allowed.
    public static func illegalMove(from old: JobStatus, to new: JobStatus) -> StoreError {
        let reason = new == .processing ? "only a claim leases a job" : "that change is not allowed"
        return StoreError(.illegalMove, "a job that is \(old.rawValue) cannot become \(new.rawValue): \(reason)")
    }
}
