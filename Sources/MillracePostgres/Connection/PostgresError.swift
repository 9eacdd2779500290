/// What went wrong between this program and PostgreSQL.
///
/// `description` names no statement, value, password or URL. What the server said in full is in ``serverMessage`` and
/// ``serverDetail``, which may show values and are for a debugger.
public struct PostgresError: Error, Sendable {
    /// What kind of failure it is.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: Hashable {
            case configuration, connectionFailed, authentication, connectionLost
            case server(SQLState)
            case transactionAborted
            case timedOut, cancelled, misuse, unsupported, value, poolTimeout, poolClosed
        }

        private let value: Value

        private init(_ value: Value) {
            self.value = value
        }

        /// The URL or an option makes no sense; it will fail again.
        public static let configuration = Code(.configuration)
        /// No connection could be made.
        public static let connectionFailed = Code(.connectionFailed)
        /// The server refused user, password or certificate.
        public static let authentication = Code(.authentication)
        /// The connection broke; see ``PostgresError/mayHaveRun`` for what became of the statement.
        public static let connectionLost = Code(.connectionLost)
        /// The transaction was rolled back, because a statement in it had failed and its error was passed over.
        public static let transactionAborted = Code(.transactionAborted)
        /// The time for connecting or for the statement ran out; the statement was cancelled.
        public static let timedOut = Code(.timedOut)
        /// The calling task was cancelled, and the statement with it.
        public static let cancelled = Code(.cancelled)
        /// The call makes no sense in this state of the connection: an error in the calling code.
        public static let misuse = Code(.misuse)
        /// This connection cannot do that, for it leads through a pooler.
        public static let unsupported = Code(.unsupported)
        /// A value read has another type than was asked for, or is NULL.
        public static let value = Code(.value)
        /// No connection of the pool became free in time.
        public static let poolTimeout = Code(.poolTimeout)
        /// The pool is closed.
        public static let poolClosed = Code(.poolClosed)

        /// The server reported an error.
        public static func server(_ state: SQLState) -> Code { Code(.server(state)) }

        /// What the server reported; `nil` for errors that are not the server's.
        public var sqlState: SQLState? {
            guard case .server(let state) = value else { return nil }
            return state
        }

        /// The code's name, for an error of the server its SQLSTATE.
        public var description: String {
            guard case .server(let state) = value else { return "\(value)" }
            return state.description
        }
    }

    /// What kind of failure it is.
    public let code: Code
    /// What happened and what to do, in one line.
    public let message: String
    /// The failure below, when there is one.
    public let cause: (any Error)?
    /// The server's code; also set when the server said why it ended the connection.
    public internal(set) var sqlState: SQLState?
    /// The server's own words, which may quote values; `nil` when it said nothing.
    public internal(set) var serverMessage: String?
    /// The server's detail, which often quotes values.
    public internal(set) var serverDetail: String?
    /// The constraint that was broken.
    public internal(set) var constraintName: String?
    /// The table that the error is about.
    public internal(set) var tableName: String?
    /// The column that the error is about.
    public internal(set) var columnName: String?
    /// The function of the server's source that reported the error: the one word of it that no locale changes.
    var sourceFunction: String?
    /// Whether a statement that did not come to its end may have taken effect all the same; `true` only for
    /// ``Code/connectionLost`` after the statement was sent.
    public internal(set) var mayHaveRun = false

    /// Describes a failure.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
        sqlState = code.sqlState
    }

    /// Whether the connection is gone, or there never was one, so that another may do.
    public var isConnectionFailure: Bool {
        code == .connectionLost || code == .connectionFailed || sqlState == .cannotConnectNow
            || sqlState == .tooManyConnections
    }

    /// What a cancelled task throws.
    static var cancelledTask: PostgresError {
        PostgresError(.cancelled, "the task was cancelled, and its statement with it")
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    /// The message alone.
    public var description: String { message }

    /// The message, what the server said, and the causes; may quote values.
    public var debugDescription: String {
        var parts = ["\(code): \(message)"]
        if let serverMessage { parts.append("server: \(serverMessage)") }
        if let serverDetail { parts.append("detail: \(serverDetail)") }
        if let cause { parts.append("cause: \(String(reflecting: cause))") }
        return parts.joined(separator: "; ")
    }
}
