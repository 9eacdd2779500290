public import Logging
public import MillraceCore
internal import Synchronization

/// One schema of a PostgreSQL database that holds everything: queues, jobs, workers, processings, chunks, transcripts
/// and cached values.
///
/// Any number of processes on any number of machines use one store at once. Nothing depends on the state of a session,
/// so all of it works through PgBouncer in transaction mode.
public final class PostgresStore: Sendable {
    /// How a store is opened.
    public struct Options: Sendable {
        /// How many connections there may be, and how long they are kept; `nil`, the default, for what the configuration
        /// says.
        public var pool: PostgresPool.Options?
        /// What tells the time; `nil`, the default, for the server's own clock, by which all machines go.
        public var clock: (any WallClock)?
        /// Whether the schema is made or brought up to date when the store is opened.
        public var migrates: Bool
        /// Gets what connections say, and with ``PostgresPool/Options/echo`` the statements, at debug.
        public var logger: Logger?

        /// Makes options; the defaults are the ones to use.
        public init(
            pool: PostgresPool.Options? = nil, clock: (any WallClock)? = nil, migrates: Bool = true,
            logger: Logger? = nil
        ) {
            self.pool = pool
            self.clock = clock
            self.migrates = migrates
            self.logger = logger
        }
    }

    /// How often a transaction is run again that others came in the way of.
    static let conflictRetries = 5

    /// The connections.
    public let pool: PostgresPool
    /// The schema's name as a quoted identifier; every name in a statement is qualified by it.
    let schema: String
    /// `nil` for the server's own.
    let clock: (any WallClock)?
    /// Says that there is work.
    let announcer: JobAnnouncer
    private let identifiers = Mutex(IdentifierSequence())

    /// Opens a store, and makes its schema or brings it up to date.
    ///
    /// Ten programs that start together do that once.
    ///
    /// - Throws: `unavailable`, `readOnly`, `newerVersion`, `corrupted`, `invalid`; each message names the server.
    public convenience init(
        _ configuration: PostgresConfiguration, options: Options = Options()
    ) async throws(StoreError) {
        let pool = PostgresPool(configuration, options: options.pool, logger: options.logger)
        do {
            try await self.init(pool: pool, clock: options.clock, migrates: options.migrates)
        } catch {
            await pool.close()
            throw error
        }
    }

    /// Opens a store over a pool that is there already.
    ///
    /// - Throws: as ``init(_:options:)`` does.
    public init(
        pool: PostgresPool, clock: (any WallClock)? = nil, migrates: Bool = true
    ) async throws(StoreError) {
        self.pool = pool
        self.clock = clock
        announcer = JobAnnouncer(pool)
        schema = "\"\(pool.configuration.schema)\""
        let migrator = Migrator(schema: pool.configuration.schema, place: name)
        do {
            try await pool.withConnection { connection in
                if migrates {
                    try await migrator.migrate(on: connection)
                } else {
                    try await migrator.require(on: connection)
                }
            }
        } catch {
            throw StoreError(postgres: error, store: name)
        }
    }

    /// Host, port and database, for messages.
    public var name: String { pool.configuration.description }

    /// Says of what was enqueued that it is there, refuses what comes, and returns when all connections are closed.
    public func close() async {
        await announcer.finish()
        await pool.close()
    }

    /// The time for a statement's `coalesce($n, now())`: NULL unless the store has a clock of its own.
    var now: PostgresParameter { .time(clock?.now()) }

    /// Makes an identifier that lies behind all that this store made before.
    func makeID<Entity>(at time: Timestamp) -> Identifier<Entity> {
        identifiers.withLock { $0.next(at: time) }
    }

    /// The same, at the present time.
    func makeID<Entity>(_ type: Identifier<Entity>.Type = Identifier<Entity>.self) -> Identifier<Entity> {
        makeID(at: clock?.now() ?? SystemWallClock().now())
    }
}
