internal import MillraceCore

/// The tables of an ``InMemoryStore``.
///
/// Mutating methods check everything before they change anything.
struct StoreState {
    struct StoredQueue {
        var name: QueueName
        var settings: QueueSettings
    }

    struct StoredRule {
        var rule: CacheRule
        /// What lies before it was purged; `nil` when all was.
        var place: String?
        /// From then on another may go on with the purge.
        var leaseUntil: Timestamp
    }

    var jobs: [JobID: Job] = [:]
    /// Jobs that wait for a transcript.
    var waiting: Set<JobID> = []
    var queues: [QueueID: StoredQueue] = [:]
    var workers: [WorkerID: Worker] = [:]

    var processings: [ProcessingID: ParallelProcessor.Row] = [:]
    /// By processing, each list by index.
    var chunks: [ProcessingID: [ChunkTask]] = [:]
    var chunkPlaces: [ChunkID: (processing: ProcessingID, index: Int)] = [:]
    /// Where the cache keeps the results of chunks.
    var chunkCacheKeys: [ChunkID: CacheKey] = [:]
    /// The sound of chunks that have not ended.
    var chunkAudio: [ChunkID: [UInt8]] = [:]
    /// When chunks of a processing were last claimed, counted in claims.
    var claimTurns: [ProcessingID: Int] = [:]
    var lastTurn = 0

    var transcripts: [TranscriptID: Transcript] = [:]

    var cacheEntries: [CacheKey: CacheEntry] = [:]
    var lastCacheVersion: Int64 = 0
    /// What was written lately, by version.
    var cacheWrites: [CacheChanges.Change] = []
    /// The invalidations that count, in order, each with what is left to do.
    var cacheRules: [StoredRule] = []
    /// How often entries were looked up, and when last.
    var cacheAccesses: [CacheKey: CacheAccess] = [:]
    /// Who may clean the cache, and until when.
    var cacheCleaner: (holder: CacheID, until: Timestamp)?
    var caches: [CacheID: CacheManager] = [:]

    /// By series, each list by time.
    var metricSamples: [MetricSeries: [TimestampedValue]] = [:]
    var metricDefinitions: [CollectorID: [MetricDefinition]] = [:]

    var identifiers = IdentifierSequence()
}

extension StoreState {
    /// Refuses what the stores of SQL cannot keep, so that memory accepts nothing that they refuse.
    func requireStorable(_ value: some Encodable) throws(StoreError) {
        do throws(InvalidValue) {
            _ = try JSONText(encoding: value)
        } catch {
            throw StoreError(.invalid, "no store can keep this value: \(error)", cause: error)
        }
    }
}
