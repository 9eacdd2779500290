/// What a caller asks a queue to run.
public struct JobRequest: Sendable, Hashable {
    /// No unique key is longer, in bytes of UTF-8.
    public static let maximumUniqueKeyBytes = 500

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
    /// While a job with this key is open, further requests with it are skipped; `nil` for no such rule. At most
    /// ``maximumUniqueKeyBytes``.
    public var uniqueKey: String?
    /// The transcript that the job works for.
    public var transcriptID: TranscriptID?
    /// The engine that the job needs: only workers that have it are given the job. `nil` for any worker.
    public var engine: EngineIdentity?
    /// How long one run may take; it is then stopped and counts as a failure worth a retry. `nil` for what the handler
    /// says.
    public var timeout: Duration?
    /// The trace that the job belongs to, as headers (W3C Trace Context); `nil` for none.
    public var traceContext: [String: String]?

    /// Describes a job to be enqueued.
    public init(
        _ type: JobType, payload: JSONText = .emptyObject, queueName: QueueName = .default,
        priority: JobPriority = .medium, maxRetries: Int? = nil, scheduledAt: Timestamp? = nil,
        uniqueKey: String? = nil, transcriptID: TranscriptID? = nil, engine: EngineIdentity? = nil,
        timeout: Duration? = nil, traceContext: [String: String]? = nil
    ) {
        self.queueName = queueName
        self.type = type
        self.payload = payload
        self.priority = priority
        self.maxRetries = maxRetries.map { max(0, $0) }
        self.scheduledAt = scheduledAt
        self.uniqueKey = uniqueKey
        self.transcriptID = transcriptID
        self.engine = engine
        self.timeout = timeout
        self.traceContext = traceContext
    }

    /// Refuses what no store keeps.
    ///
    /// - Throws: `invalid` for a unique key that is empty or too long, or a time-out that is not positive.
    public func validate() throws(StoreError) {
        if let uniqueKey, !(1...Self.maximumUniqueKeyBytes).contains(uniqueKey.utf8.count) {
            throw StoreError(.invalid, "a unique key must have 1 to \(Self.maximumUniqueKeyBytes) bytes")
        }
        if let timeout, timeout <= .zero { throw StoreError(.invalid, "a job's time-out must be positive") }
    }
}
