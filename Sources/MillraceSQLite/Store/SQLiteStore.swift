internal import Foundation
public import GRDB
public import MillraceCore
internal import Synchronization

/// One SQLite file that holds everything: queues, jobs, workers, processings, chunks, transcripts and cached values.
///
/// Several processes may use one file at once. The file is made when it is missing, with mode 0600 in a folder of mode
/// 0700, and brought to the present schema when it is older.
public final class SQLiteStore: Sendable {
    /// How a store is opened.
    public struct Options: Sendable {
        /// Whether nothing in the file may be changed: it must be there and of the present version, and every write fails
        /// as `readOnly`.
        public var isReadOnly = false
        /// How long to wait for another process that is writing.
        public var busyTimeout: Duration
        /// What tells the time of day.
        public var clock: any WallClock
        /// Is called when another process has kept the store locked for a second; once until the store was written again.
        public var onWait: (@Sendable () -> Void)?
        /// Is called with the text of every statement that runs, without values; for tests and debugging.
        public var onStatement: (@Sendable (String) -> Void)?

        /// Makes options; the defaults are the ones to use.
        public init(
            busyTimeout: Duration = .seconds(5), clock: any WallClock = SystemWallClock(),
            onWait: (@Sendable () -> Void)? = nil, onStatement: (@Sendable (String) -> Void)? = nil
        ) {
            self.busyTimeout = busyTimeout
            self.clock = clock
            self.onWait = onWait
            self.onStatement = onStatement
        }
    }

    /// The absolute path of the file, behind symbolic links.
    public let path: String
    let clock: any WallClock
    private let identifiers = Mutex(IdentifierSequence())
    private let pool: DatabasePool
    private let writer: GroupCommitWriter

    /// Opens or makes a store.
    ///
    /// Blocks for as long as the file system and a waiting migration take.
    ///
    /// - Throws: `unavailable`, `readOnly`, `corrupted`, `newerVersion`, `busy` or `full`; read-only also `notFound` and
    ///   `olderVersion`. Each message names the file.
    public init(path: String, options: Options = Options()) throws(StoreError) {
        let absolute = StoreFile.absolute(path)
        self.path = absolute
        clock = options.clock
        let patience = BusyPatience(timeout: options.busyTimeout, onWait: options.onWait)
        if !options.isReadOnly { try StoreFile.prepare(absolute) }
        let identity = StoreFile.Identity(of: absolute)
        do {
            pool =
                options.isReadOnly
                ? try Self.openUnchanged(absolute, Self.configuration(options, patience))
                : try Self.openUpToDate(absolute, Self.configuration(options, patience), at: options.clock.now())
        } catch {
            throw StoreError.opening(absolute, error)
        }
        // From here on the pool's lock keeps others from putting another file in the place of this one with care.
        guard let identity, identity == StoreFile.Identity(of: absolute) else {
            throw StoreError(.busy, "the store \(absolute) was being replaced; run the same command again")
        }
        writer = GroupCommitWriter(
            pool,
            precondition: {
                guard identity.isAt(absolute) else { throw Self.missing(absolute) }
            },
            onCommit: { patience.succeeded() })
    }

    /// Opens or makes a store as ``init(path:options:)`` does, on a thread that may wait.
    ///
    /// - Throws: as ``init(path:options:)``; `cancelled`.
    public static func open(path: String, options: Options = Options()) async throws(StoreError) -> SQLiteStore {
        try await FileWork.run(on: path) { _ in try SQLiteStore(path: path, options: options) }
    }

    private static func openUpToDate(
        _ path: String, _ configuration: Configuration, at now: Timestamp
    ) throws -> DatabasePool {
        // Before the pool turns the write-ahead log on, which changes the file.
        try Migrator(migrations: Migration.all).inspect(path)
        let pool = try DatabasePool(path: path, configuration: configuration)
        // What is settled is on the disk before its worker is told so. Here and not where the connection is made ready,
        // because after that the pool sets NORMAL together with the write-ahead log.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try Migrator(migrations: Migration.all).migrate(pool, at: now)
        return pool
    }

    private static func openUnchanged(_ path: String, _ configuration: Configuration) throws -> DatabasePool {
        try StoreSource.read(path) { db in try Migrator(migrations: Migration.all).requireNewest(in: db) }
        var configuration = configuration
        configuration.readonly = true
        return try DatabasePool(path: path, configuration: configuration)
    }

    /// What goes into a file without a name is gone when its last process ends.
    private static func missing(_ path: String) -> StoreError {
        StoreError(
            .corrupted,
            """
            the store \(path) was moved, removed or replaced while it was in use; put the file back or bring back \
            a backup with millrace store restore, then run the same command again
            """)
    }

    private static func configuration(_ options: Options, _ patience: BusyPatience) -> Configuration {
        var configuration = Configuration()
        configuration.label = "millrace"
        configuration.busyMode = .callback { patience.wait(tries: $0) }
        configuration.maximumReaderCount = 4
        let onStatement = options.onStatement
        if let onStatement {
            configuration.prepareDatabase { db in
                db.trace { event in
                    if case .statement(let statement) = event { onStatement(statement.sql) }
                }
            }
        }
        return configuration
    }

    /// Makes an identifier that lies behind all that this store made before.
    func makeID<Entity>(at time: Timestamp) -> Identifier<Entity> {
        identifiers.withLock { $0.next(at: time) }
    }

    /// Runs a transaction of the caller's own, in which ``SQLiteJobQueueRepository/enqueue(_:in:)`` and
    /// ``SQLiteJobQueueRepository/settle(_:in:)`` may take part.
    ///
    /// What `body` throws undoes all of it, and is thrown. It shares its commit with the transactions of other callers,
    /// each of which succeeds or fails by itself; when this returns, it is on the disk. Tables of the caller's own
    /// carry a prefix.
    ///
    /// - Throws: what `body` throws, an error of SQLite as `StoreError`; `StoreError` when the commit fails.
    public func transaction<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do throws(StoreError) {
            return try await writer.write { db in
                do {
                    return try body(db)
                } catch let error where !(error is DatabaseError || error is StoreError) {
                    throw CallersOwn(error: error)
                }
            }
        } catch {
            if let own = error.cause as? CallersOwn { throw own.error }
            throw error
        }
    }

    /// What a caller's transaction has thrown, on its way through the writer, which would take it for trouble of the
    /// store.
    private struct CallersOwn: Error {
        let error: any Error
    }

    /// Runs a transaction together with those that other callers ask for at the same time; either it is on the disk
    /// when this returns, or nothing of it is.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await writer.write(body)
    }

    /// Reads one consistent state of the store.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await pool.read(body)
        } catch {
            throw StoreError(sqlite: error, store: path)
        }
    }
}
