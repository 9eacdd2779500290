public import Foundation

/// How to reach a database, from a URL.
///
/// The URL is libpq's, with all that it takes: several hosts with `target_session_attrs`, Unix sockets
/// (`postgres:///name?host=/run/postgresql`), every `sslmode` with its certificates, `service`; what it leaves open comes
/// from the environment (`PGPASSWORD` …) and `.pgpass`. Some options are this library's: `schema`, `prepared=off`,
/// `statement_timeout` (`30s`, `500ms`; a bare number means milliseconds), and those of ``pool``: `pool_size`,
/// `max_overflow`, `pool_timeout` and `pool_recycle` (`30s`; a bare number means seconds), `pool_pre_ping` and `echo`
/// (`on` or `off`).
public struct PostgresConfiguration: Sendable {
    /// The schema that holds Millrace's tables; `millrace` unless the URL says otherwise. A valid identifier, unquoted.
    public private(set) var schema: String
    /// Whether statements are prepared.
    public var prepared: PreparedStatements
    /// How long connecting to one host may take, until the server is ready for statements; 10 s. The addresses of its name
    /// share that time, but each has two seconds.
    public var connectTimeout: Duration
    /// How long one statement may take, until it is cancelled; `nil` for ever.
    public var statementTimeout: Duration?
    /// How many connections a pool may have that is not told otherwise.
    public var pool: PostgresPool.Options
    /// Whether each statement's text and time are logged at debug level; never its values.
    public var echo = false

    /// What libpq is told, beside the environment.
    private(set) var settings: [String: String]
    let preparedSwitch = PreparedSwitch()
    private let place: String
    private static let usualSchema = "millrace"

    /// Reads a URL that begins with `postgres://` or `postgresql://`; throws `configuration` for one that makes no sense.
    ///
    /// `environment` is read for what the URL leaves open, by libpq's names.
    public init(
        _ url: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(PostgresError) {
        var query = try OwnOptions(removingFrom: url)
        var settings = try ConnectionString.parse(query.url)
        let place = ConnectionString.complete(&settings, from: environment)

        schema = try Self.readSchema(query.take("schema") ?? Self.usualSchema)
        prepared = try Self.readPrepared(query.take("prepared") ?? "automatic")
        statementTimeout = try Self.readStatementTimeout(query.take("statement_timeout") ?? "0")
        connectTimeout = try Self.readConnectTimeout(settings["connect_timeout"] ?? "10")
        pool = try PostgresPool.Options(from: &query)
        self.settings = settings
        self.place = place
    }

    /// The same database with another schema; throws `configuration` for what is not an identifier.
    public func with(schema: String) throws(PostgresError) -> PostgresConfiguration {
        var copy = self
        copy.schema = try Self.readSchema(schema)
        return copy
    }

    /// Leads to the one host of several that a connection has.
    mutating func aim(at target: [String: String]) {
        for name in ["host", "hostaddr", "port"] { settings[name] = target[name] }
        settings["target_session_attrs"] = nil
    }

    /// How many hosts the URL names, each of which is tried in turn.
    var hostCount: Int {
        let hosts = (settings["hostaddr"] ?? settings["host"] ?? "")
        return hosts.split(separator: ",", omittingEmptySubsequences: false).count
    }

    private static func readSchema(_ name: String) throws(PostgresError) -> String {
        let letters = name.utf8
        let isValid =
            (1...63).contains(letters.count) && !name.hasPrefix("pg_")
            && letters.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
            && letters.first.map { !(48...57).contains($0) } == true
        guard isValid else {
            throw PostgresError(
                .configuration, "the schema must be 1 to 63 of a-z, 0-9 and _, not begin with a digit or pg_")
        }
        return name
    }

    private static func readPrepared(_ text: String) throws(PostgresError) -> PreparedStatements {
        guard let value = PreparedStatements(rawValue: text) else {
            throw PostgresError(.configuration, "prepared must be automatic or off")
        }
        return value
    }

    private static func readStatementTimeout(_ text: String) throws(PostgresError) -> Duration? {
        let time = try OwnOptions.time(text, of: "statement_timeout", unit: "ms")
        return time == .zero ? nil : time
    }

    private static func readConnectTimeout(_ text: String) throws(PostgresError) -> Duration {
        guard let seconds = Int(text), seconds <= 1_000_000_000 else {
            throw PostgresError(.configuration, "connect_timeout must be a number of seconds")
        }
        // To libpq, none means for ever; a wait without an end is not what anybody wants.
        return seconds > 0 ? .seconds(seconds) : .seconds(86_400)
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// A URL of user, hosts, database and, unless it is the usual one, schema; never the password or another option.
    public var description: String {
        schema == Self.usualSchema ? place : "\(place)\(place.contains("?") ? "&" : "?")schema=\(schema)"
    }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// Shows the description alone, so that printing or dumping a configuration shows no password.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
