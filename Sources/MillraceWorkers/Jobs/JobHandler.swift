public import MillraceCore

/// Runs the jobs of one type.
///
/// A job may run more than once: its worker can die after the work is done and before that is settled. Make what it
/// does repeatable. An error that says `isRetryable == false` (`RetryAdvising`) fails the job for good; every other
/// is tried again. ``SnoozeJob`` puts it off, ``AwaitTranscript`` until a transcript has ended, ``LeaveJob`` leaves it to
/// other machines, ``CancelJob`` ends it as CANCELLED. When the worker stops, the task is cancelled: end soon and throw,
/// and the job goes back to the queue as if it had not run.
public protocol JobHandler: Sendable {
    /// What a job of this type is given.
    associatedtype Payload: Codable & Sendable
    /// What it returns to those who wait for it; ``NoResult`` for nothing.
    associatedtype Output: Encodable & Sendable

    /// The type of the jobs.
    var jobType: JobType { get }

    /// How long a run may take when its job does not say; `nil`, which is the default, for as long as it likes.
    ///
    /// A run that takes longer is cancelled and counts as a failure that is worth a retry. One that ignores that loses
    /// its place after ``WorkerConfiguration/grace``, and whatever it still does is not settled.
    var timeout: Duration? { get }

    /// Runs a job.
    func run(_ payload: Payload, in context: JobContext) async throws -> Output
}

extension JobHandler {
    /// No limit.
    public var timeout: Duration? { nil }

    /// Describes a job for this handler.
    ///
    /// - Throws: `InvalidValue` when the payload cannot be encoded.
    public func request(
        _ payload: Payload, queueName: QueueName = .default, priority: JobPriority = .medium, maxRetries: Int? = nil,
        scheduledAt: Timestamp? = nil, uniqueKey: String? = nil, engine: EngineIdentity? = nil,
        timeout: Duration? = nil
    ) throws(InvalidValue) -> JobRequest {
        JobRequest(
            jobType, payload: try JSONText(encoding: payload), queueName: queueName, priority: priority,
            maxRetries: maxRetries, scheduledAt: scheduledAt, uniqueKey: uniqueKey, engine: engine,
            timeout: timeout)
    }
}
