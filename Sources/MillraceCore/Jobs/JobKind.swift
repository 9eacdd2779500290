/// Jobs of one queue that the same workers can run: they have one order among themselves.
public struct JobKind: Sendable, Hashable {
    /// The queue that they wait in.
    public let queueName: QueueName
    /// Their type.
    public let type: JobType
    /// The engine that they need; `nil` for jobs that any worker can run.
    public let engine: EngineIdentity?

    /// Names a kind.
    public init(queueName: QueueName, type: JobType, engine: EngineIdentity? = nil) {
        self.queueName = queueName
        self.type = type
        self.engine = engine
    }

    /// The kind of a job.
    public init(_ job: Job) {
        self.init(queueName: job.queueName, type: job.type, engine: job.engine)
    }

    /// The kind of the job that a request makes.
    public init(_ request: JobRequest) {
        self.init(queueName: request.queueName, type: request.type, engine: request.engine)
    }
}

extension JobScope {
    /// All kinds that a claim may take jobs of, each once.
    public var kinds: [JobKind] {
        let engines: [EngineIdentity?] = [nil] + self.engines
        var seen: Set<JobKind> = []
        return queues.flatMap { queue in
            types.flatMap { type in engines.map { JobKind(queueName: queue, type: type, engine: $0) } }
        }.filter { seen.insert($0).inserted }
    }
}
