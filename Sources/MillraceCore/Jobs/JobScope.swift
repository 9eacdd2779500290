/// Which jobs a claim may take.
public struct JobScope: Sendable, Hashable {
    /// The queues to claim from, by name.
    public var queues: [QueueName]
    /// The types that the worker can run.
    public var types: [JobType]
    /// Only jobs of these transcripts; `nil` for any job.
    public var transcripts: [TranscriptID]?

    /// Describes the jobs that a worker can take.
    public init(queues: [QueueName] = [.default], types: [JobType], transcripts: [TranscriptID]? = nil) {
        self.queues = queues
        self.types = types
        self.transcripts = transcripts
    }
}
