public import Logging

/// One session with a server.
///
/// Concurrent callers wait for each other in the order in which they came. Nothing blocks a thread of Swift's pool.
public final class PostgresConnection: Sendable {
    /// Connects; throws `connectionFailed`, `authentication` or `timedOut` with what to do.
    public static func connect(
        _ configuration: PostgresConfiguration, logger: Logger? = nil
    ) async throws(PostgresError) -> PostgresConnection {
        throw PostgresError(.unsupported, "not yet")
    }

    /// Runs one statement and returns its rows.
    ///
    /// The statement is prepared once a connection, unless that is off. When the task is cancelled or the time runs out,
    /// the statement is cancelled on the server, and the connection remains usable. A statement that has come to its end
    /// before the cancellation reached it returns its rows.
    public func query(
        _ sql: String, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> PostgresRows {
        throw PostgresError(.unsupported, "not yet")
    }

    /// Runs one statement and returns how many rows it changed; else as ``query(_:_:)``.
    @discardableResult
    public func execute(
        _ sql: String, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> Int {
        throw PostgresError(.unsupported, "not yet")
    }

    /// Runs several statements, separated by semicolons and without parameters, as one transaction unless they say
    /// otherwise.
    public func run(script: String) async throws(PostgresError) {
        throw PostgresError(.unsupported, "not yet")
    }

    /// Sends rows to a `COPY … FROM STDIN (FORMAT binary)`, and returns how many there were.
    ///
    /// `write` puts each element's columns in order. No more is taken from `rows` than the server takes. When `rows` or
    /// `write` throws, or the task is cancelled, nothing is stored, and the connection remains usable.
    public func copyIn<Rows: AsyncSequence & Sendable>(
        _ sql: String, rows: Rows, _ write: (Rows.Element, inout CopyRow) throws -> Void
    ) async throws -> Int {
        throw PostgresError(.unsupported, "not yet")
    }

    /// The same for rows that are at hand.
    public func copyIn<Rows: Sequence>(
        _ sql: String, rows: Rows, _ write: (Rows.Element, inout CopyRow) throws -> Void
    ) async throws -> Int {
        throw PostgresError(.unsupported, "not yet")
    }

    /// Runs a transaction on this connection, and commits it when `body` returns.
    ///
    /// `body` works with the connection that it is given, not with this one, which waits. A transaction in a transaction
    /// is a savepoint. When the transaction conflicts with others (SQLSTATE 40001, 40P01) the whole body is run again,
    /// `retries` times at most, after a moment.
    public func withTransaction<Value: Sendable>(
        isolation: PostgresIsolation = .readCommitted, retries: Int = 5,
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        throw PostgresError(.unsupported, "not yet")
    }

    /// Whether the connection is open, idle and outside of a transaction; looks at the socket, sends nothing.
    public var isUsable: Bool { false }

    /// Ends the session at once; a running statement fails with `connectionLost`.
    public func close() {}
}
