/// How the run of a leased chunk ended.
public struct ChunkSettlement: Sendable, Hashable {
    /// What becomes of the chunk.
    public enum Outcome: Sendable, Hashable {
        /// Transcribed, now or by an earlier run that the cache remembers.
        case completed(ChunkResult, isFromCache: Bool)
        /// Failed, worth another run at the time given. With no retry left the chunk is FAILED.
        case retry(at: Timestamp, error: String)
        /// Failed for good.
        case failed(error: String)
        /// The worker stopped; to be claimed again at once, counts as no retry.
        case released
    }

    /// The chunk.
    public let chunkID: ChunkID
    /// The token that the claim gave.
    public let token: LeaseToken
    /// What becomes of it.
    public let outcome: Outcome
    /// Where the cache keeps the result, so that deleting the transcript finds it; `nil` when it is not cached.
    public let cacheKey: CacheKey?

    /// Settles a chunk with the token of its claim.
    public init(_ chunkID: ChunkID, token: LeaseToken, _ outcome: Outcome, cacheKey: CacheKey? = nil) {
        self.chunkID = chunkID
        self.token = token
        self.outcome = outcome.storable
        self.cacheKey = cacheKey
    }

    /// Settles a chunk as it was claimed.
    public init(_ chunk: ChunkTask, _ outcome: Outcome, cacheKey: CacheKey? = nil) {
        self.init(chunk.id, token: chunk.leaseToken, outcome, cacheKey: cacheKey)
    }
}

extension ChunkSettlement.Outcome {
    /// The same outcome, its texts without NUL.
    fileprivate var storable: Self {
        switch self {
        case .completed(let result, let isFromCache): .completed(result.storable, isFromCache: isFromCache)
        case .retry(let time, let error): .retry(at: time, error: error.storable)
        case .failed(let error): .failed(error: error.storable)
        case .released: self
        }
    }
}
