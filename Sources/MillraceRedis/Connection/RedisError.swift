/// What went wrong between this program and Redis.
///
/// `description` names no key, value, password or URL.
public struct RedisError: Error, Sendable {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// The URL or an option makes no sense; it will fail again.
        case configuration
        /// No connection could be made; the next call after a pause tries again.
        case connectionFailed
        /// The server refused the user or the password.
        case authentication
        /// The connection broke, or the server sent what is no reply; see ``RedisError/mayHaveRun``.
        case connectionLost
        /// Too many calls wait already.
        case overloaded
        /// The time for the call ran out.
        case timedOut
        /// The calling task was cancelled.
        case cancelled
        /// The client is closed.
        case closed
        /// The server reported an error.
        case server(RedisServerError.Code)
        /// The reply has another shape than the caller expects.
        case unexpectedReply
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, and what to do about it, in one line.
    public let message: String
    /// Whether the server may have done what was asked, though its reply never came.
    public let mayHaveRun: Bool
    /// What was reported below.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, mayHaveRun: Bool = false, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.mayHaveRun = mayHaveRun
        self.cause = cause
    }

    /// An error that the server reported.
    init(_ error: RedisServerError) {
        self.init(.server(error.code), error.description, cause: error)
    }
}

extension RedisError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
