/// How the run of a leased job ended.
public struct JobSettlement: Sendable, Hashable {
    /// What becomes of the job.
    public enum Outcome: Sendable, Hashable {
        /// Done; `result` is kept for those who wait for it.
        case completed(result: JSONText?)
        /// Failed, worth another run at the time given. With no retry left the job is FAILED.
        case retry(at: Timestamp, error: String)
        /// Failed for good.
        case failed(error: String)
        /// To be run again later; counts as no retry. A reason is kept as the job's error message.
        case snoozed(until: Timestamp, reason: String? = nil)
        /// To be run again when a transcript has ended, one way or the other, or is deleted, and at the latest at the time
        /// given; counts as no retry. The job holds nothing meanwhile.
        case awaiting(TranscriptID, until: Timestamp)
        /// The worker stopped; back to the queue at once, counts as no retry.
        case released
        /// Called off while it ran.
        case cancelled
    }

    /// The job.
    public let jobID: JobID
    /// The token that the claim gave.
    public let token: LeaseToken
    /// What becomes of it.
    public let outcome: Outcome

    /// Settles a job with the token of its claim.
    public init(_ jobID: JobID, token: LeaseToken, _ outcome: Outcome) {
        self.jobID = jobID
        self.token = token
        self.outcome = outcome.storable
    }

    /// Settles a job as it was claimed.
    public init(_ job: Job, _ outcome: Outcome) {
        self.init(job.id, token: job.leaseToken, outcome)
    }
}

extension JobSettlement.Outcome {
    /// The same outcome, its message without NUL.
    fileprivate var storable: Self {
        switch self {
        case .retry(let time, let error): .retry(at: time, error: error.storable)
        case .failed(let error): .failed(error: error.storable)
        case .snoozed(let time, let reason): .snoozed(until: time, reason: reason?.storable)
        case .completed, .awaiting, .released, .cancelled: self
        }
    }
}
