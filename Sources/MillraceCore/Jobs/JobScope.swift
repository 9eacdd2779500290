/// Which jobs a claim may take.
public struct JobScope: Sendable, Hashable {
    /// The queues to claim from, by name.
    public var queues: [QueueName]
    /// The types that the worker can run.
    public var types: [JobType]
    /// Only jobs of these transcripts; `nil` for any job.
    public var transcripts: [TranscriptID]?
    /// The engines that the worker has: jobs that need another are left to others.
    public var engines: [EngineIdentity]
    /// Not these jobs: they turned out to be impossible here.
    public var unreachable: [JobID]
    /// Jobs whose workers died so often while they ran are suspects: they may have killed them. 0 is off.
    ///
    /// An ordinary claim leaves suspects out.
    public var maxCrashes: Int
    /// Whether the claimer runs nothing else and will not while it holds the job: it is then given one suspect, and
    /// nothing but a suspect.
    public var isAlone: Bool

    /// Describes the jobs that a worker can take.
    public init(
        queues: [QueueName] = [.default], types: [JobType], transcripts: [TranscriptID]? = nil,
        engines: [EngineIdentity] = [], unreachable: [JobID] = [], maxCrashes: Int = 0, isAlone: Bool = false
    ) {
        self.queues = queues
        self.types = types
        self.transcripts = transcripts
        self.engines = engines
        self.unreachable = unreachable
        self.maxCrashes = max(0, maxCrashes)
        self.isAlone = isAlone
    }
}
