/// What a session asks of its server in one go.
enum Request {
    /// A statement, prepared if it is to be.
    case statement(String, [PostgresParameter], prepared: Bool)
    /// The preparation of a statement for parameters of these types.
    case preparation(String, types: [UInt32])
    /// Statements without parameters.
    case script(String)
}

/// What a caller hears from its exchange.
enum ExchangeEvent: Sendable {
    /// The server has answered, and the session is free.
    case done(ResultStorage)
    /// The server has refused, or is gone.
    case failed(Failure)
    /// The statement must be prepared before, for parameters of these types.
    case mustPrepare(types: [UInt32])
    /// The session has as many prepared statements as it may.
    case isFull
    /// The server waits for rows.
    case copyReady
    /// All that was given has been sent.
    case sent
    /// Nothing came back for a while; the caller should look whether the server is still there, and wait on.
    case silent
}

/// An error on its way to its caller; in a place of its own, for it is large and rare.
final class Failure: Sendable {
    let error: PostgresError

    init(_ error: PostgresError) {
        self.error = error
    }
}

/// What a preparation gives a name to.
final class Preparation: Sendable {
    let name: String
    let sql: String
    let types: [UInt32]

    init(name: String, sql: String, types: [UInt32]) {
        self.name = name
        self.sql = sql
        self.types = types
    }
}

/// Why a statement is being cancelled.
enum StopReason {
    case cancelled
    case timedOut
    /// The caller gives its own rows up; what comes of that is told as it is.
    case givenUp
}

/// A request that is under way.
struct Exchange {
    let id: UInt64
    /// The caller, while it waits.
    var waiter: UnsafeContinuation<ExchangeEvent, Never>?
    /// What the caller will hear when it waits next.
    var ready: ExchangeEvent?
    /// What is being prepared, if this prepares.
    var preparation: Preparation?
    /// When it is to be cancelled; `max` for never.
    var deadline: Int64
    /// When the server was last heard, or the request was sent.
    var lastHeard: Int64
    /// When the caller is told that the server is silent, unless it is heard before.
    var silentAt: Int64

    var result: ResultStorage?
    var refusal: Failure?
    /// Whether the server has answered in full.
    var isAnswered = false
    /// Whether the server waits for rows of a COPY.
    var isCopying = false
    /// Whether the caller waits until all is sent.
    var waitsUntilSent = false

    var stop: StopReason?
    /// How many threads are cancelling; none of them may outlive the exchange, or it would strike the next statement.
    var cancellers = 0
    var nextCancel: Int64 = 0
    var giveUpAt: Int64 = .max
}

/// The times by which a session goes, in nanoseconds.
enum SessionTimes {
    /// A server that was not heard for so long, with a statement under way, is looked at from a second connection.
    static let silence: Int64 = 3_000_000_000
    /// A statement that goes on after it was cancelled is cancelled again: the first may have come before it began.
    static let cancelAgain: Int64 = 200_000_000
    /// A statement that cannot be cancelled for so long costs the connection.
    static let giveUp: Int64 = 5_000_000_000
}
