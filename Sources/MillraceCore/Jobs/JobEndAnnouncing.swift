/// A store that says when jobs end, so that who waits for one need not ask all the time.
///
/// Nothing depends on it: what it says may be lost, and whoever waits asks now and then all the same.
public protocol JobEndAnnouncing: Sendable {
    /// Begins to listen for the end of a job; what is said from when this returns is not missed, as far as the store can be
    /// heard at all.
    func listen(forEndOf id: JobID) async -> any JobEndListening
}

/// One who listens for the end of a job.
public protocol JobEndListening: Sendable {
    /// Waits until something is said of the job, or until the task is cancelled. What was said before the call, and not
    /// waited for, counts.
    ///
    /// - Returns: how the job has ended, if that was said too; `nil` when the store has to be asked. How a job had ended that
    ///   was queued again since is not said.
    func wait() async -> JobEnd?

    /// Ends it; nobody may wait any more.
    func stop()
}

/// How a job has ended.
public enum JobEnd: Sendable, Hashable {
    /// Its handler returned, if anything, this.
    case completed(result: JSONText?)
    /// It failed for good.
    case failed(error: String?)
    /// It was called off.
    case cancelled
}

extension Job {
    /// How the job has ended; `nil` while it is open.
    public var end: JobEnd? {
        switch status {
        case .queued, .scheduled, .processing: nil
        case .completed: .completed(result: result)
        case .failed: .failed(error: errorMessage)
        case .cancelled: .cancelled
        }
    }
}
