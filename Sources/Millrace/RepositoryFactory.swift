public import Logging
internal import MillraceCaching
public import MillraceCore
public import MillracePostgres
public import MillracePrometheus
public import MillraceRedis
internal import MillraceSQLite
internal import MillraceWorkers

/// Makes the repositories of one store; the only place where adapters are chosen.
///
/// All repositories of a factory share its connections, and its cache shares one memory tier. With a Redis server the
/// cache has a second tier there, and the queues have hints of what is ready; all that is in Redis may be lost, at the cost
/// of time alone. With a Prometheus server what is measured goes there, and not into the store.
public struct RepositoryFactory: Sendable {
    /// The store's location.
    public let location: StoreLocation
    /// Where decoded recordings are kept.
    let decodedFolder: String

    private let jobs: any JobQueueRepository
    private let hinted: RedisReadyQueue?
    private let processings: any ProcessingRepository
    private let transcripts: any TranscriptRepository
    private let cache: TieredCache
    /// Where what is measured goes.
    let outlet: MetricsOutlet
    private let database: PostgresStore?
    private let server: SharedServer?

    /// Opens a store, and makes it when it does not exist.
    ///
    /// Without a clock it is the host's with a file, and the server's with a database. `pool` says how many connections to a
    /// database there may be, if not what its URL says; `logger` gets what they say, at debug, and that a connection to Redis
    /// has come or gone. `onWait` is called when another program keeps a file
    /// locked for longer than is usual. Read-only, nothing in a file is changed: it must be there (`notFound`) and be of the
    /// present version (`olderVersion`), and every write fails.
    ///
    /// `redis` says where the tier of the cache is that processes share, and the hints of jobs. A server that cannot be
    /// reached, takes no writes, or is set up so that it may forget what it must not does no harm; `onWarning` is told.
    ///
    /// `prometheus` says where metrics go and are asked for; the server need not be there.
    ///
    /// - Throws: `StoreError` when the store cannot be opened; the message names it and says what to do. `invalid` when
    ///   Redis refuses the user or the password, or a file of TLS for Prometheus cannot be used.
    public init(
        store location: StoreLocation, redis: RedisConfiguration? = nil, prometheus: PrometheusEndpoint? = nil,
        cacheLimits: CacheManager.Limits = .standard, cacheStoreLimits: CacheManager.StoreLimits = .standard,
        clock: (any WallClock)? = nil,
        isReadOnly: Bool = false, pool: PostgresPool.Options? = nil, logger: Logger? = nil,
        onWait: (@Sendable () -> Void)? = nil, onWarning: (@Sendable (RedisWarning) -> Void)? = nil
    ) async throws(StoreError) {
        let limits = (cacheLimits, cacheStoreLimits)
        let link = try prometheus.map { endpoint throws(StoreError) in try PrometheusLink(endpoint, logger: logger) }
        var server: SharedServer?
        if let redis { server = try await .open(redis, logger: logger, onWarning: onWarning) }
        switch location.place {
        case .file(let path):
            var options = SQLiteStore.Options(clock: clock ?? SystemWallClock(), onWait: onWait)
            options.isReadOnly = isReadOnly
            try await self.init(
                try await SQLiteStore.open(path: path, options: options), at: location, server, link, limits: limits,
                clock: clock)
        case .server(let configuration):
            let options = PostgresStore.Options(pool: pool, clock: clock, logger: logger)
            try await self.init(
                try await PostgresStore(configuration, options: options), at: location, server, link, limits: limits,
                clock: clock)
        }
    }

    /// Uses a pool of connections that is there already, which ``close()`` closes; and a client of Redis, which it leaves
    /// open.
    ///
    /// - Throws: `StoreError` when the server cannot be reached, or its schema not be used.
    public init(
        pool: PostgresPool, redis: RedisClient? = nil, prometheus: PrometheusEndpoint? = nil,
        cacheLimits: CacheManager.Limits = .standard, cacheStoreLimits: CacheManager.StoreLimits = .standard,
        clock: (any WallClock)? = nil
    ) async throws(StoreError) {
        try await self.init(
            try await PostgresStore(pool: pool, clock: clock), at: .postgres(pool.configuration),
            redis.map { SharedServer($0) },
            try prometheus.map { endpoint throws(StoreError) in try PrometheusLink(endpoint, logger: nil) },
            limits: (cacheLimits, cacheStoreLimits), clock: clock)
    }

    private init(
        _ store: SQLiteStore, at location: StoreLocation, _ server: SharedServer?, _ link: PrometheusLink?,
        limits: (CacheManager.Limits, CacheManager.StoreLimits), clock: (any WallClock)?
    ) async throws(StoreError) {
        self.location = location
        self.server = server
        database = nil
        decodedFolder = location.decodedFolder(storeID: "")
        processings = SQLiteProcessingRepository(store)
        transcripts = SQLiteTranscriptRepository(store)
        var id = ""
        if server != nil { id = try await store.identity() }
        (jobs, hinted) = Self.jobs(over: SQLiteJobQueueRepository(store), server, storeID: id)
        let tier = server.map { RedisCacheTier($0.client, storeID: id) }
        cache = Self.cache(over: SQLiteCacheStore(store), tier, limits, clock)
        outlet = MetricsOutlet(
            SQLiteMetricsRepository(store), link, folder: location.metricsFolder(storeID: ""),
            clock: clock
        ) { () throws(StoreError) in try await store.identity() }
    }

    private init(
        _ store: PostgresStore, at location: StoreLocation, _ server: SharedServer?, _ link: PrometheusLink?,
        limits: (CacheManager.Limits, CacheManager.StoreLimits), clock: (any WallClock)?
    ) async throws(StoreError) {
        let id: String
        do throws(StoreError) {
            id = try await store.identity()
        } catch {
            await store.close()
            server?.close()
            throw error
        }
        self.location = location
        self.server = server
        decodedFolder = location.decodedFolder(storeID: id)
        database = store
        (jobs, hinted) = Self.jobs(over: PostgresJobQueueRepository(store), server, storeID: id)
        processings = PostgresProcessingRepository(store)
        transcripts = PostgresTranscriptRepository(store)
        let tier = server.map { RedisCacheTier($0.client, storeID: id) }
        cache = Self.cache(over: PostgresCacheStore(store), tier, limits, clock)
        outlet = MetricsOutlet(
            PostgresMetricsRepository(store), link, folder: location.metricsFolder(storeID: id),
            clock: clock
        ) { id }
    }

    private static func jobs(
        over store: any JobQueueRepository, _ server: SharedServer?, storeID: String
    ) -> (any JobQueueRepository, RedisReadyQueue?) {
        guard let server else { return (TracedJobQueueRepository(store), nil) }
        let hinted = RedisReadyQueue(store, storeID: storeID, client: server.client)
        return (TracedJobQueueRepository(hinted), hinted)
    }

    private static func cache(
        over store: any CacheStore, _ tier: RedisCacheTier?, _ limits: (CacheManager.Limits, CacheManager.StoreLimits),
        _ clock: (any WallClock)?
    ) -> TieredCache {
        var options = TieredCache.Options()
        options.shared = tier
        (options.limits, options.storeLimits) = limits
        if let clock { options.clock = clock }
        return TieredCache(store: store, options: options)
    }

    /// Lets go of the store: waits for the statements that run, and closes the connections. What a database is asked for
    /// afterwards fails.
    public func close() async {
        cache.close()
        hinted?.close()
        await outlet.close()
        await database?.close()
        server?.close()
    }

    /// The queues, jobs and workers; the same on every call. What is enqueued carries the trace of the task that enqueues
    /// it.
    public func jobQueueRepository() -> any JobQueueRepository { jobs }

    /// The cache over all its tiers; the same one on every call.
    public func cacheRepository() -> any CacheRepository { cache }

    /// The processings and their chunks; the same on every call.
    public func processingRepository() -> any ProcessingRepository { processings }

    /// What was measured: in the store, or in the Prometheus server; the same on every call.
    ///
    /// What is written for a server waits in a log on the disk, which ``Millrace/metricsService(_:onWarning:)`` sends.
    public func metricsRepository() -> any MetricsRepository { outlet.repository }

    /// The transcripts.
    public func transcriptRepository() -> any TranscriptRepository { transcripts }
}
