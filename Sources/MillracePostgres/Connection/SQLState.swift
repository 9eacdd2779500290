/// The five characters by which a server says what kind of error it reports.
public struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code, as `23505`.
    public let rawValue: String

    /// Wraps a code.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    private init(_ code: String) {
        rawValue = code
    }

    /// A transaction could not be put in an order with others; run it again.
    public static let serializationFailure = SQLState("40001")
    /// Two transactions waited for each other, and this one was ended; run it again.
    public static let deadlockDetected = SQLState("40P01")
    /// A row with this key exists.
    public static let uniqueViolation = SQLState("23505")
    /// A row refers to one that does not exist, or is referred to.
    public static let foreignKeyViolation = SQLState("23503")
    /// A column that must have a value has none.
    public static let notNullViolation = SQLState("23502")
    /// A row breaks a CHECK.
    public static let checkViolation = SQLState("23514")
    /// The text has bytes that the server's encoding does not, such as NUL.
    public static let characterNotInRepertoire = SQLState("22021")
    /// A `jsonb` value has the escape `\u0000`, which the server cannot keep.
    public static let untranslatableCharacter = SQLState("22P05")
    /// A prepared statement of this name does not exist: a pooler gave the session another server.
    public static let invalidStatementName = SQLState("26000")
    /// A prepared statement of this name exists: a pooler gave the session another server.
    public static let duplicatePreparedStatement = SQLState("42P05")
    /// The result of a prepared statement would have other columns, because a table changed.
    public static let featureNotSupported = SQLState("0A000")
    /// A setting does not take this value.
    static let invalidParameterValue = SQLState("22023")
    /// What a statement names does not exist, as a setting.
    static let undefinedObject = SQLState("42704")
    /// The transaction has failed, and takes nothing but its end.
    public static let inFailedTransaction = SQLState("25P02")
    /// The transaction may only read.
    public static let readOnlyTransaction = SQLState("25006")
    /// The statement was cancelled, or took longer than `statement_timeout`.
    public static let queryCanceled = SQLState("57014")
    /// The server is being stopped by its administrator.
    public static let adminShutdown = SQLState("57P01")
    /// The server ended all sessions after one of them had crashed.
    public static let crashShutdown = SQLState("57P02")
    /// The server takes no connections now: it is starting, stopping or recovering.
    public static let cannotConnectNow = SQLState("57P03")
    /// The table does not exist.
    public static let undefinedTable = SQLState("42P01")
    /// The column does not exist.
    public static let undefinedColumn = SQLState("42703")
    /// The function or operator does not exist.
    public static let undefinedFunction = SQLState("42883")
    /// The schema does not exist.
    public static let invalidSchemaName = SQLState("3F000")
    /// The user may not do this.
    public static let insufficientPrivilege = SQLState("42501")
    /// A lock could not be had at once, or in time.
    public static let lockNotAvailable = SQLState("55P03")
    /// The server has no room left on its disk.
    public static let diskFull = SQLState("53100")
    /// The server has as many connections as it takes.
    public static let tooManyConnections = SQLState("53300")

    /// The first two characters: the class of the error.
    public var errorClass: String { String(rawValue.prefix(2)) }

    /// Whether the same transaction may well succeed when it is run again.
    public var isTransactionConflict: Bool { self == .serializationFailure || self == .deadlockDetected }

    /// The code itself.
    public var description: String { rawValue }
}
