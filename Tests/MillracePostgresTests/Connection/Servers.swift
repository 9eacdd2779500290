import MillracePostgres
import Synchronization
import TestServers
import Testing

/// Connects to the servers that tests share.
func connect(options: [String] = [], environment: [String: String] = [:]) async throws -> PostgresConnection {
    let url = try await PostgresServer.shared.url(options: options)
    return try await PostgresConnection.connect(PostgresConfiguration(url, environment: environment))
}

/// Connects through the PgBouncer that tests share.
func connectByBouncer() async throws -> PostgresConnection {
    let url = try await PgBouncerServer.shared.url
    return try await PostgresConnection.connect(PostgresConfiguration(url, environment: [:]))
}

/// What the server knows of a connection's process, looked at from another one.
func activity(of process: Int32, _ observer: PostgresConnection) async throws -> String? {
    try await observer.query("SELECT state FROM pg_stat_activity WHERE pid = $1", [.int4(process)])
        .first?.optional(0)
}

/// Whether a process of the server runs `pg_sleep`; before that it was active too, when the statement was prepared.
func sleeps(_ process: Int32, _ observer: PostgresConnection) async throws -> Bool {
    try await observer.query("SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $1", [.int4(process)])
        .first?.optional(0) ?? false
}

/// The number of a connection's process on the server.
func process(of connection: PostgresConnection) async throws -> Int32 {
    try await connection.query("SELECT pg_backend_pid()")[0].value(0)
}

/// Waits until something holds; gives up after a time that only a hang can take.
func eventually(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(240)
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("it never came: \(what)", sourceLocation: sourceLocation)
}

/// What a piece of work throws; `nil` when it throws nothing, or something that is not PostgreSQL's.
func postgresError(_ body: () async throws -> Void) async -> PostgresError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? PostgresError
    }
}

/// Counts for several tasks.
final class Counter: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    func add() {
        value.withLock { $0 += 1 }
    }
}
