/// What a caller asks a queue to run.
public struct JobRequest: Sendable, Hashable {
    /// The queue to wait in.
    public var queueName: QueueName
    /// Which handler runs it.
    public var type: JobType
    /// What the handler is given.
    public var payload: JSONText
    /// How urgent it is.
    public var priority: JobPriority
    /// Retries allowed after the first run; 0 for none. `nil` is ``QueueSettings/standardMaxRetries``, or what the queue
    /// gives to a job that is added through ``JobQueue/add(_:id:at:)``.
    public var maxRetries: Int?
    /// The earliest time of the first run; `nil` or a past time for at once.
    public var scheduledAt: Timestamp?
    /// While a job with this key is open, further requests with it are skipped; `nil` for no such rule.
    public var uniqueKey: String?
    /// The transcript that the job works for.
    public var transcriptID: TranscriptID?

    /// Describes a job to be enqueued.
    public init(
        _ type: JobType, payload: JSONText = .emptyObject, queueName: QueueName = .default,
        priority: JobPriority = .medium, maxRetries: Int? = nil, scheduledAt: Timestamp? = nil,
        uniqueKey: String? = nil, transcriptID: TranscriptID? = nil
    ) {
        self.queueName = queueName
        self.type = type
        self.payload = payload
        self.priority = priority
        self.maxRetries = maxRetries.map { max(0, $0) }
        self.scheduledAt = scheduledAt
        self.uniqueKey = uniqueKey
        self.transcriptID = transcriptID
    }
}
