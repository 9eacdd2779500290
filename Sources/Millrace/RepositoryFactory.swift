internal import MillraceCaching
public import MillraceCore
internal import MillraceSQLite
internal import MillraceWorkers

/// Makes the repositories of one store; the only place where adapters are chosen.
///
/// All repositories of a factory share its connections, and its cache shares one memory tier.
public struct RepositoryFactory: Sendable {
    /// The store's location.
    public let location: StoreLocation
    /// Where decoded recordings are kept.
    let decodedFolder: String

    private let store: SQLiteStore
    private let cache: TieredCache

    /// Opens a store, and makes it when it does not exist.
    ///
    /// `onWait` is called when another program keeps the store locked for longer
    /// than is usual.
    ///
    /// - Throws: `StoreError` when the store cannot be opened; the message names it and says what to do.
    public init(
        store location: StoreLocation, cacheLimits: CacheManager.Limits = .standard,
        cacheStoreLimits: CacheManager.StoreLimits = .standard, clock: any WallClock = SystemWallClock(),
        onWait: (@Sendable () -> Void)? = nil
    ) async throws(StoreError) {
        self.location = location
        decodedFolder = location.decodedFolder
        store = try await SQLiteStore.open(
            path: location.path, options: SQLiteStore.Options(clock: clock, onWait: onWait))
        var options = TieredCache.Options()
        options.limits = cacheLimits
        options.storeLimits = cacheStoreLimits
        options.clock = clock
        cache = TieredCache(store: SQLiteCacheStore(store), options: options)
    }

    /// Lets go of the store; what it is asked for afterwards fails.
    public func close() async {}

    /// The queues, jobs and workers. What is enqueued carries the trace of the task that enqueues it.
    public func jobQueueRepository() -> any JobQueueRepository {
        TracedJobQueueRepository(SQLiteJobQueueRepository(store))
    }

    /// The cache over all its tiers; the same one on every call.
    public func cacheRepository() -> any CacheRepository { cache }

    /// The processings and their chunks.
    public func processingRepository() -> any ProcessingRepository { SQLiteProcessingRepository(store) }

    /// The transcripts.
    public func transcriptRepository() -> any TranscriptRepository { SQLiteTranscriptRepository(store) }
}
