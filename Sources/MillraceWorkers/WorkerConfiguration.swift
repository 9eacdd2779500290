public import MillraceCore

/// What a worker takes and how it runs it.
public struct WorkerConfiguration: Sendable {
    /// Chunks, and jobs, that run side by side.
    public var concurrency: Int
    /// The queues whose jobs are run.
    public var queues: [QueueName]
    /// Only chunks and merges of these processings, and no other job; `nil` for everything that can be run.
    public var processings: [ProcessingID: TranscriptID]?
    /// Whether the chunks of a recording that cannot be read here are left to others; otherwise they fail.
    public var leavesUnreadableToOthers: Bool
    /// Whether an engine that is gone is waited for while the worker goes on with all else; otherwise the worker stops,
    /// and ``WorkerService/run()`` throws what the engine said.
    public var waitsForEngines: Bool
    /// How leases are kept.
    public var lease: LeaseSettings
    /// How long to wait before looking for work again; drawn from half to one and a half of it.
    public var pollInterval: Duration
    /// How long failed jobs and chunks wait.
    public var retryPolicy: RetryPolicy
    /// How long results are cached.
    public var resultTTL: TTL
    /// How often workers may die with a job or a chunk before it is run alone; a crash after that fails it. 0 is off.
    public var maxCrashes: Int
    /// How long a job or chunk that is told to end may go on before its place is given to others.
    public var grace: Duration

    /// Makes a configuration; the defaults are those of a worker that takes everything.
    public init(
        concurrency: Int = 4, queues: [QueueName] = [.default], processings: [ProcessingID: TranscriptID]? = nil,
        leavesUnreadableToOthers: Bool = true, waitsForEngines: Bool = true, lease: LeaseSettings = .standard,
        pollInterval: Duration = .milliseconds(200), retryPolicy: RetryPolicy = .exponential(),
        resultTTL: TTL = .standard, maxCrashes: Int = 3, grace: Duration = .seconds(10)
    ) {
        self.concurrency = max(1, concurrency)
        self.queues = queues
        self.processings = processings
        self.leavesUnreadableToOthers = leavesUnreadableToOthers
        self.waitsForEngines = waitsForEngines
        self.lease = lease
        self.pollInterval = pollInterval
        self.retryPolicy = retryPolicy
        self.resultTTL = resultTTL
        self.maxCrashes = max(0, maxCrashes)
        self.grace = max(.zero, grace)
    }
}
