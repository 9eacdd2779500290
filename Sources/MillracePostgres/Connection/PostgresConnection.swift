public import Logging
internal import Synchronization

/// One session with a server.
///
/// Concurrent callers wait for each other in the order in which they came. Nothing blocks a thread of Swift's pool.
/// A connection that is let go of is closed.
public final class PostgresConnection: Sendable {
    let session: Session
    let gate = Gate()
    var configuration: PostgresConfiguration { session.configuration }
    let logger: Logger?
    /// Whether a pooler stands between this and the server, so that no state of a session lasts.
    var isPooled: Bool { session.isPooled.load(ordering: .relaxed) }
    /// 0 for the connection itself, 1 for that of its transaction, more for savepoints.
    let depth: Int

    init(session: Session, logger: Logger?, depth: Int = 0) {
        self.session = session
        self.logger = logger
        self.depth = depth
    }

    /// Connects; throws `connectionFailed`, `authentication` or `timedOut` with what to do.
    ///
    /// Of several hosts the first is taken that answers and is what `target_session_attrs` wants; each may take the
    /// configuration's time.
    public static func connect(
        _ configuration: PostgresConfiguration, logger: Logger? = nil
    ) async throws(PostgresError) -> PostgresConnection {
        let session = try await Connector(configuration).connect()
        // Closes the session if anything below fails.
        let connection = PostgresConnection(session: session, logger: logger)
        // A pooler makes a number up. Its servers do not know each other's prepared statements.
        let answer = try await connection.runner.runUnprepared(
            SilenceProbe.introduction, timeout: configuration.connectTimeout)
        let row = PostgresRows(answer)[0]
        session.backendStart.store(try row.optional(1) ?? 0, ordering: .relaxed)
        session.serverStart.store(try row.optional(2) ?? 0, ordering: .relaxed)
        if try row.value(0, as: Int32.self) != session.backend {
            session.isPooled.store(true, ordering: .relaxed)
            configuration.preparedSwitch.turnOff()
        }
        return connection
    }

    deinit {
        if depth == 0 { session.close() }
    }

    /// Runs one statement and returns its rows.
    ///
    /// The statement is prepared once a connection, unless that is off. When the task is cancelled or the time runs out,
    /// the statement is cancelled on the server, and the connection remains usable. A statement that has come to its end
    /// before the cancellation reached it returns its rows.
    @discardableResult
    public nonisolated(nonsending) func query(
        _ sql: String, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> PostgresRows {
        PostgresRows(try await result(sql, parameters))
    }

    /// Runs one statement and returns how many rows it changed; else as ``query(_:_:)``.
    @discardableResult
    public nonisolated(nonsending) func execute(
        _ sql: String, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> Int {
        try await result(sql, parameters).affectedRows
    }

    /// Runs several statements, separated by semicolons and without parameters, as one transaction unless they say
    /// otherwise.
    public nonisolated(nonsending) func run(script: String) async throws(PostgresError) {
        try await gate.enter()
        defer { gate.leave() }
        let echo = Echo(logger, session, script)
        defer { echo?.end() }
        _ = try await runner.run(script: script)
    }

    /// Whether the connection is open, idle and outside of a transaction; looks at the socket, sends nothing.
    public var isUsable: Bool { session.isIdle }

    /// Ends the session at once; a running statement fails with `connectionLost`.
    public func close() {
        session.close()
    }

    var runner: StatementRunner { StatementRunner(session: session) }

    private nonisolated(nonsending) func result(
        _ sql: String, _ parameters: [PostgresParameter]
    ) async throws(PostgresError) -> ResultStorage {
        try await gate.enter()
        defer { gate.leave() }
        let echo = Echo(logger, session, sql)
        defer { echo?.end() }
        return try await runner.run(sql, parameters)
    }
}
