public import Logging

/// Connections to one PostgreSQL server, lent to many callers.
///
/// A connection is opened when one is needed and none is idle; the last to come back is the first to go out. Callers
/// are served in the order in which they ask. One that is cancelled leaves the queue. A connection that is broken, or
/// was left in a transaction, is closed and replaced.
public final class PostgresPool: Sendable {
    /// The server and how to reach it.
    public let configuration: PostgresConfiguration
    /// How many connections there may be, and how long they are kept.
    public let options: Options
    private let connections: ConnectionPool<PostgresConnection>

    /// Makes a pool; nothing is opened before the first connection is needed.
    ///
    /// Without options it has those of the configuration. The logger gets the statements, at debug, when ``Options/echo``
    /// says so.
    public init(
        _ configuration: PostgresConfiguration, options: Options? = nil, logger: Logger? = nil
    ) {
        let options = options ?? configuration.pool
        var configuration = configuration
        configuration.echo = configuration.echo || options.echo
        self.configuration = configuration
        self.options = options
        connections = ConnectionPool(options: options, name: configuration.description) {
            [configuration] () async throws(PostgresError) in
            let connection = try await PostgresConnection.connect(configuration, logger: logger)
            // Behind a pooler nothing is prepared, and each plan is made for the tables as they are.
            if !connection.isPooled { try await Self.prepare(connection) }
            return connection
        }
    }

    private static func prepare(_ connection: PostgresConnection) async throws(PostgresError) {
        try await connection.run(script: planning + farewell)
        do throws(PostgresError) {
            try await connection.run(script: watch)
        } catch {
            guard error.sqlState == .invalidParameterValue || error.sqlState == .undefinedObject else { throw error }
        }
    }

    /// A prepared statement keeps its plan for as long as the connection lives. One that was made when a table was small
    /// would read all of it when it has a million rows; and to plan anew each time takes as long as the statement.
    private static let planning = """
        SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off
        """

    /// Undoes that for a transaction with statements that are not Millrace's; stands behind its `BEGIN`.
    ///
    /// Each statement is planned for its values and the tables as they are. A plan that was kept would be one for Millrace's
    /// own statements too, the next time that they run without this.
    static let plainPlanning = """
        ; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan TO DEFAULT
        ; SET LOCAL enable_bitmapscan TO DEFAULT; SET LOCAL jit TO DEFAULT
        """

    /// The server looks after its clients: what a killed program has left waiting for locks would go on waiting, with an
    /// old snapshot for which all that is dead must be kept. Before version 14 there is no such setting, and where the
    /// server does not run on Linux it takes no such value.
    private static let watch = "SET client_connection_check_interval = '2s'"

    /// The server is to notice within seconds that a machine is gone, as its transactions keep their locks till then; by
    /// default that takes two hours.
    private static let farewell = """
        ; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3
        ; SET tcp_user_timeout = 11000
        """

    /// The threads that read what servers answer, for tasks that do little else than ask.
    ///
    /// `withTaskExecutorPreference(try pool.executor) { … }` saves such a task the wake-up of another thread with each
    /// answer. All connections of the process share these threads: what runs on them must not block, nor compute for long.
    ///
    /// - Throws: `connectionFailed` when the process has too many open files to begin them.
    public var executor: any TaskExecutor {
        get throws(PostgresError) { try PollThreads.shared() }
    }

    /// What the pool holds now.
    public var state: State { connections.state }

    /// Lends a connection for as long as `body` runs.
    ///
    /// The connection is not to be kept: it is another's as soon as `body` has returned. On a direct connection the
    /// settings are those that Millrace's statements need: `plan_cache_mode = force_generic_plan`, and `enable_seqscan`,
    /// `enable_bitmapscan` and `jit` off. For other statements use ``PostgresStore/transaction(_:)``, or in a transaction
    /// `SET LOCAL plan_cache_mode = force_custom_plan` and `SET LOCAL … TO DEFAULT` for the others.
    ///
    /// - Throws: what `body` throws; ``PostgresError`` when there is no connection: `poolTimeout`, `poolClosed`,
    ///   `cancelled`, or why none could be opened.
    public nonisolated(nonsending) func withConnection<Value: Sendable>(
        _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        // Not by a method that knows nothing of `Value`: the compiler would make no code for connections of this kind.
        let member = try await connections.checkOut()
        defer { connections.checkIn(member) }
        return try await body(member.connection)
    }

    /// Lends no more, refuses those who wait, and returns when all connections are back and closed.
    ///
    /// When the task is cancelled, the connections in use are ended at once. A pool that is closed stays so.
    public func close() async {
        await connections.close()
    }
}

extension PostgresConnection: PooledConnection {
    var isAtRest: Bool { session.isAtRest }

    func ping() async throws(PostgresError) {
        _ = try await query("SELECT 1")
    }
}
