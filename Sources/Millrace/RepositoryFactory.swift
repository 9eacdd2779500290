public import Logging
internal import MillraceCaching
public import MillraceCore
public import MillracePostgres
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

    private let jobs: any JobQueueRepository
    private let processings: any ProcessingRepository
    private let transcripts: any TranscriptRepository
    private let cache: TieredCache
    private let database: PostgresStore?

    /// Opens a store, and makes it when it does not exist.
    ///
    /// Without a clock it is the host's with a file, and the server's with a database. `pool` says how many connections to a
    /// database there may be, if not what its URL says; `logger` gets what they say, at debug. `onWait` is called when another program keeps a file
    /// locked for longer than is usual. Read-only, nothing in a file is changed: it must be there (`notFound`) and be of the
    /// present version (`olderVersion`), and every write fails.
    ///
    /// - Throws: `StoreError` when the store cannot be opened; the message names it and says what to do.
    public init(
        store location: StoreLocation, cacheLimits: CacheManager.Limits = .standard,
        cacheStoreLimits: CacheManager.StoreLimits = .standard, clock: (any WallClock)? = nil,
        isReadOnly: Bool = false, pool: PostgresPool.Options? = nil, logger: Logger? = nil,
        onWait: (@Sendable () -> Void)? = nil
    ) async throws(StoreError) {
        let limits = (cacheLimits, cacheStoreLimits)
        switch location.place {
        case .file(let path):
            var options = SQLiteStore.Options(clock: clock ?? SystemWallClock(), onWait: onWait)
            options.isReadOnly = isReadOnly
            self.init(
                try await SQLiteStore.open(path: path, options: options), at: location, limits: limits, clock: clock)
        case .server(let configuration):
            let options = PostgresStore.Options(pool: pool, clock: clock, logger: logger)
            try await self.init(
                try await PostgresStore(configuration, options: options), at: location, limits: limits, clock: clock)
        }
    }

    /// Uses a pool of connections that is there already; ``close()`` closes it.
    ///
    /// - Throws: `StoreError` when the server cannot be reached, or its schema not be used.
    public init(
        pool: PostgresPool, cacheLimits: CacheManager.Limits = .standard,
        cacheStoreLimits: CacheManager.StoreLimits = .standard, clock: (any WallClock)? = nil
    ) async throws(StoreError) {
        try await self.init(
            try await PostgresStore(pool: pool, clock: clock), at: .postgres(pool.configuration),
            limits: (cacheLimits, cacheStoreLimits), clock: clock)
    }

    private init(
        _ store: SQLiteStore, at location: StoreLocation, limits: (CacheManager.Limits, CacheManager.StoreLimits),
        clock: (any WallClock)?
    ) {
        self.location = location
        database = nil
        decodedFolder = location.decodedFolder(storeID: "")
        jobs = TracedJobQueueRepository(SQLiteJobQueueRepository(store))
        processings = SQLiteProcessingRepository(store)
        transcripts = SQLiteTranscriptRepository(store)
        cache = Self.cache(over: SQLiteCacheStore(store), limits, clock)
    }

    private init(
        _ store: PostgresStore, at location: StoreLocation, limits: (CacheManager.Limits, CacheManager.StoreLimits),
        clock: (any WallClock)?
    ) async throws(StoreError) {
        do throws(StoreError) {
            decodedFolder = location.decodedFolder(storeID: try await store.identity())
        } catch {
            await store.close()
            throw error
        }
        self.location = location
        database = store
        jobs = TracedJobQueueRepository(PostgresJobQueueRepository(store))
        processings = PostgresProcessingRepository(store)
        transcripts = PostgresTranscriptRepository(store)
        cache = Self.cache(over: PostgresCacheStore(store), limits, clock)
    }

    private static func cache(
        over store: any CacheStore, _ limits: (CacheManager.Limits, CacheManager.StoreLimits), _ clock: (any WallClock)?
    ) -> TieredCache {
        var options = TieredCache.Options()
        (options.limits, options.storeLimits) = limits
        if let clock { options.clock = clock }
        return TieredCache(store: store, options: options)
    }

    /// Lets go of the store: waits for the statements that run, and closes the connections. What a database is asked for
    /// afterwards fails.
    public func close() async { await database?.close() }

    /// The queues, jobs and workers; the same on every call. What is enqueued carries the trace of the task that enqueues
    /// it.
    public func jobQueueRepository() -> any JobQueueRepository { jobs }

    /// The cache over all its tiers; the same one on every call.
    public func cacheRepository() -> any CacheRepository { cache }

    /// The processings and their chunks; the same on every call.
    public func processingRepository() -> any ProcessingRepository { processings }

    /// The transcripts.
    public func transcriptRepository() -> any TranscriptRepository { transcripts }
}
