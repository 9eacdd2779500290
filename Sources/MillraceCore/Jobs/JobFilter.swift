/// Which jobs a reader wants to see.
public struct JobFilter: Sendable, Hashable {
    /// Only jobs of these queues; `nil` for all.
    public var queues: [QueueName]?
    /// Only jobs of these types; `nil` for all.
    public var types: [JobType]?
    /// Only jobs in these statuses; `nil` for all.
    public var statuses: [JobStatus]?
    /// Only jobs whose ``Job/awaits`` is this transcript; `nil` for all.
    public var awaiting: TranscriptID?

    /// Describes the wanted jobs; the default is all.
    public init(
        queues: [QueueName]? = nil, types: [JobType]? = nil, statuses: [JobStatus]? = nil,
        awaiting: TranscriptID? = nil
    ) {
        self.queues = queues
        self.types = types
        self.statuses = statuses
        self.awaiting = awaiting
    }

    /// Whether a job is wanted.
    public func matches(_ job: Job) -> Bool {
        (queues?.contains(job.queueName) ?? true) && (types?.contains(job.type) ?? true)
            && (statuses?.contains(job.status) ?? true) && (awaiting.map { job.awaits == $0 } ?? true)
    }
}
