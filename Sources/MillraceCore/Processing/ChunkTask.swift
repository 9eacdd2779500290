/// One chunk of a processing. Row in `chunk_tasks`.
public struct ChunkTask: Sendable, Identifiable, Hashable {
    /// Identity, a UUID of version 7.
    public let id: ChunkID
    /// The processing that it belongs to.
    public let processingID: ProcessingID
    /// Its place in the recording, from 0.
    public let index: Int
    /// What it covers.
    public let range: SampleRange
    /// Retries allowed after the first run.
    public let maxRetries: Int

    /// Where the chunk stands.
    public internal(set) var status: ChunkStatus
    /// Retries used; 0 on the first run.
    public internal(set) var retryCount: Int
    /// Times that a worker died while holding the chunk.
    public internal(set) var crashes: Int
    /// The fence.
    public internal(set) var leaseToken: LeaseToken
    /// Who holds the chunk; `nil` unless it is PROCESSING.
    public internal(set) var workerID: WorkerID?
    /// The earliest time of the next run; `nil` for at once.
    public internal(set) var scheduledAt: Timestamp?
    /// When the present or last run began.
    public internal(set) var startedAt: Timestamp?
    /// When the chunk came to its end.
    public internal(set) var completedAt: Timestamp?
    /// Why the last run failed.
    public internal(set) var errorMessage: String?
    /// What the engine made of it; `nil` unless it is COMPLETED.
    public internal(set) var result: ChunkResult?
    /// Whether the result came from the cache.
    public internal(set) var isFromCache: Bool

    /// Makes a chunk that waits to be claimed.
    public init(id: ChunkID, processingID: ProcessingID, index: Int, range: SampleRange, maxRetries: Int = 3) {
        self.id = id
        self.processingID = processingID
        self.index = index
        self.range = range
        self.maxRetries = maxRetries
        status = .pending
        retryCount = 0
        crashes = 0
        leaseToken = .initial
        isFromCache = false
    }

    /// Rebuilds a chunk from a stored row.
    public init(
        id: ChunkID, processingID: ProcessingID, index: Int, range: SampleRange, maxRetries: Int,
        status: ChunkStatus, retryCount: Int, crashes: Int, leaseToken: LeaseToken, workerID: WorkerID?,
        scheduledAt: Timestamp?, startedAt: Timestamp?, completedAt: Timestamp?, errorMessage: String?,
        result: ChunkResult?, isFromCache: Bool
    ) {
        self.init(id: id, processingID: processingID, index: index, range: range, maxRetries: maxRetries)
        self.status = status
        self.retryCount = retryCount
        self.crashes = crashes
        self.leaseToken = leaseToken
        self.workerID = workerID
        self.scheduledAt = scheduledAt
        self.startedAt = startedAt
        self.completedAt = completedAt
        self.errorMessage = errorMessage
        self.result = result
        self.isFromCache = isFromCache
    }
}
