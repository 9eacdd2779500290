/// A unit of work in a queue. Row in `processing_jobs`.
public struct Job: Sendable, Identifiable, Hashable {
    /// Identity, a UUID of version 7.
    public let id: JobID
    /// The queue that the job waits in.
    public let queueName: QueueName
    /// Which handler runs it.
    public let type: JobType
    /// What the handler is given.
    public let payload: JSONText
    /// How urgent it is.
    public let priority: JobPriority
    /// Retries allowed after the first run.
    public let maxRetries: Int
    /// No second open job with this key can exist; `nil` for no such rule.
    public let uniqueKey: String?
    /// The transcript that the job works for, if it does.
    public let transcriptID: TranscriptID?
    /// The engine that it needs; `nil` for a job that any worker can run.
    public let engine: EngineIdentity?
    /// How long one run may take; `nil` for what the handler says. In whole microseconds.
    public let timeout: Duration?
    /// The trace that the job belongs to, as headers.
    public let traceContext: [String: String]?
    /// When the job was enqueued; the older goes first among equals.
    public let createdAt: Timestamp

    /// Where the job stands.
    public internal(set) var status: JobStatus
    /// Retries used; 0 on the first run.
    public internal(set) var retryCount: Int
    /// Times that a worker died while holding the job.
    public internal(set) var crashes: Int
    /// The fence.
    public internal(set) var leaseToken: LeaseToken
    /// Who holds the job; `nil` unless it is PROCESSING.
    public internal(set) var workerID: WorkerID?
    /// The earliest time of the next run; `nil` for at once.
    public internal(set) var scheduledAt: Timestamp?
    /// The transcript that the job waits for, or waited for last; see ``JobSettlement/Outcome/awaiting(_:until:)``.
    public internal(set) var awaits: TranscriptID?
    /// When the present or last run began.
    public internal(set) var startedAt: Timestamp?
    /// When the job came to its end.
    public internal(set) var completedAt: Timestamp?
    /// When the row last changed.
    public internal(set) var updatedAt: Timestamp
    /// Why the last run failed.
    public internal(set) var errorMessage: String?
    /// What the handler returned.
    public internal(set) var result: JSONText?

    /// Makes a new job from a request.
    public init(_ request: JobRequest, id: JobID, at now: Timestamp) {
        self.id = id
        queueName = request.queueName
        type = request.type
        payload = request.payload
        priority = request.priority
        maxRetries = request.maxRetries ?? QueueSettings.standardMaxRetries
        uniqueKey = request.uniqueKey
        transcriptID = request.transcriptID
        engine = request.engine
        timeout = request.timeout.map { .microseconds($0.wholeMicroseconds) }
        traceContext = request.traceContext
        createdAt = now
        let isDelayed = request.scheduledAt.map { $0 > now } ?? false
        status = isDelayed ? .scheduled : .queued
        scheduledAt = isDelayed ? request.scheduledAt : nil
        retryCount = 0
        crashes = 0
        leaseToken = .initial
        updatedAt = now
    }

    /// Rebuilds a job from a stored row.
    public init(_ request: JobRequest, id: JobID, createdAt: Timestamp, state: State) {
        self.init(request, id: id, at: createdAt)
        status = state.status
        retryCount = state.retryCount
        crashes = state.crashes
        leaseToken = state.leaseToken
        workerID = state.workerID
        scheduledAt = state.scheduledAt
        awaits = state.awaits
        startedAt = state.startedAt
        completedAt = state.completedAt
        updatedAt = state.updatedAt
        errorMessage = state.errorMessage
        result = state.result
    }

    /// Everything about a job that changes after it was made.
    public struct State: Sendable {
        /// See ``Job/status``.
        public var status: JobStatus
        /// See ``Job/retryCount``.
        public var retryCount: Int
        /// See ``Job/crashes``.
        public var crashes: Int
        /// See ``Job/leaseToken``.
        public var leaseToken: LeaseToken
        /// See ``Job/workerID``.
        public var workerID: WorkerID?
        /// See ``Job/scheduledAt``.
        public var scheduledAt: Timestamp?
        /// See ``Job/awaits``.
        public var awaits: TranscriptID?
        /// See ``Job/startedAt``.
        public var startedAt: Timestamp?
        /// See ``Job/completedAt``.
        public var completedAt: Timestamp?
        /// See ``Job/updatedAt``.
        public var updatedAt: Timestamp
        /// See ``Job/errorMessage``.
        public var errorMessage: String?
        /// See ``Job/result``.
        public var result: JSONText?

        /// Gathers the columns of a row.
        public init(
            status: JobStatus, retryCount: Int, crashes: Int, leaseToken: LeaseToken, workerID: WorkerID?,
            scheduledAt: Timestamp?, startedAt: Timestamp?, completedAt: Timestamp?, updatedAt: Timestamp,
            errorMessage: String?, result: JSONText?, awaits: TranscriptID? = nil
        ) {
            self.status = status
            self.retryCount = retryCount
            self.crashes = crashes
            self.leaseToken = leaseToken
            self.workerID = workerID
            self.scheduledAt = scheduledAt
            self.awaits = awaits
            self.startedAt = startedAt
            self.completedAt = completedAt
            self.updatedAt = updatedAt
            self.errorMessage = errorMessage
            self.result = result
        }
    }
}
