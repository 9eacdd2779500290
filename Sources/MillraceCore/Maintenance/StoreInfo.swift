/// What a store holds, as one moment saw it.
public struct StoreInfo: Sendable, Hashable {
    /// The absolute path of the file.
    public let path: String
    /// The random identity of the store; a restored copy has another.
    public let storeID: String
    /// The version of the schema.
    public let schemaVersion: Int
    /// The size of the file in bytes.
    public let fileBytes: Int64
    /// The size of its write-ahead log in bytes; 0 when nobody has the store open.
    public let journalBytes: Int64
    /// Bytes of the file that are free to be used again.
    public let freeBytes: Int64
    /// Jobs of all queues; a status that none has is missing.
    public let jobs: [JobStatus: Int]
    /// Processings; a status that none has is missing.
    public let processings: [ProcessingStatus: Int]
    /// Chunks of all processings; a status that none has is missing.
    public let chunks: [ChunkStatus: Int]
    /// Transcripts; a status that none has is missing.
    public let transcripts: [TranscriptStatus: Int]
    /// Cached values that have not expired.
    public let cacheEntries: Int
    /// Cached values that have expired and were not reaped yet.
    public let expiredCacheEntries: Int
    /// Samples of metrics.
    public let samples: Int
    /// When the oldest job or transcript was made; `nil` when there is none.
    public let oldest: Timestamp?
    /// When the newest job or transcript was made; `nil` when there is none.
    public let newest: Timestamp?
    /// Workers whose lease holds.
    public let workers: Int

    /// Describes a store.
    public init(
        path: String, storeID: String, schemaVersion: Int, fileBytes: Int64, journalBytes: Int64, freeBytes: Int64,
        jobs: [JobStatus: Int], processings: [ProcessingStatus: Int], chunks: [ChunkStatus: Int],
        transcripts: [TranscriptStatus: Int], cacheEntries: Int, expiredCacheEntries: Int, samples: Int,
        oldest: Timestamp?, newest: Timestamp?, workers: Int
    ) {
        self.path = path
        self.storeID = storeID
        self.schemaVersion = schemaVersion
        self.fileBytes = fileBytes
        self.journalBytes = journalBytes
        self.freeBytes = freeBytes
        self.jobs = jobs
        self.processings = processings
        self.chunks = chunks
        self.transcripts = transcripts
        self.cacheEntries = cacheEntries
        self.expiredCacheEntries = expiredCacheEntries
        self.samples = samples
        self.oldest = oldest
        self.newest = newest
        self.workers = workers
    }
}
