internal import Foundation
internal import Synchronization

/// A PostgreSQL server on a loopback port, and perhaps a PgBouncer in front of it.
///
/// Users: `millrace` owns the database `millrace`, `visitor` may connect to it and nothing more, `postgres` may do
/// everything; they have one password. `certified` has none and comes with a certificate.
public final class PostgresServer: Sendable {
    /// Where its data, logs and certificates are: `ca.crt`, `certified.crt`, `certified.key`. Also its Unix socket.
    public let folder: String
    /// Its port, the same after every restart.
    public let port: Int
    /// The password of its users.
    public let password: String
    /// The PgBouncer in front of it, in transaction mode.
    public let bouncer: PgBouncerServer?

    private static let starting = Mutex<Task<PostgresServer, any Error>?>(nil)

    /// The server that tests share; each has a schema of its own in it, see ``freshSchema()``.
    ///
    /// Started by `script/servers`, or by the first test that asks, and then it ends with this process.
    public static var shared: PostgresServer {
        get async throws {
            let task = starting.withLock { task in
                let running = task ?? Task { try await findShared() }
                task = running
                return running
            }
            return try await task.value
        }
    }

    private static func findShared() async throws -> PostgresServer {
        let environment = ProcessInfo.processInfo.environment
        guard environment["MILLRACE_TEST_POSTGRES"] != nil else { return try await start(withBouncer: true) }
        let server = try PostgresServer(environment)
        try await server.dropOldSchemas()
        return server
    }

    /// Starts a server of the test's own, which may do with it what it likes; ``stop()`` ends it, or the end of this
    /// process.
    public static func start(withBouncer: Bool = false) async throws -> PostgresServer {
        let folder = try ServerScript.makeFolder()
        return try PostgresServer(try await ServerScript.start(in: folder, only: withBouncer ? nil : "postgres"))
    }

    /// Gives a test a server of its own, and ends it afterwards.
    public static func with<Value: Sendable>(
        bouncer: Bool = false, _ body: (PostgresServer) async throws -> Value
    ) async throws -> Value {
        let server = try await start(withBouncer: bouncer)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(server))
        } catch {
            result = .failure(error)
        }
        try await server.stop()
        return try result.get()
    }

    private init(_ variables: [String: String]) throws {
        guard let folder = variables["MILLRACE_TEST_SERVERS"],
            let url = variables["MILLRACE_TEST_POSTGRES"].flatMap({ URLComponents(string: $0) }),
            let port = url.port, let password = url.password
        else {
            throw TestServerError("MILLRACE_TEST_SERVERS and MILLRACE_TEST_POSTGRES are not those of script/servers")
        }
        self.folder = folder
        self.port = port
        self.password = password
        let bouncer = variables["MILLRACE_TEST_PGBOUNCER"].flatMap { URLComponents(string: $0)?.port }
        self.bouncer = bouncer.map { PgBouncerServer(folder: folder, port: $0, password: password) }
    }

    /// Leads to the database `millrace`.
    public var url: String { url() }

    /// Leads to a database, as a user, by the server's port or that of a proxy before it; the options stand behind the
    /// question mark, as in `["sslmode=require"]`.
    public func url(
        user: String = "millrace", database: String = "millrace", port: Int? = nil, options: [String] = []
    ) -> String {
        "postgres://\(user):\(password)@127.0.0.1:\(port ?? self.port)/\(database)"
            + (options.isEmpty ? "" : "?" + options.joined(separator: "&"))
    }

    /// Names a schema that nobody else uses, and that does not exist yet.
    public func freshSchema() -> TestSchema {
        TestSchema(server: self, name: TestSchema.freshName())
    }

    /// Runs SQL by `psql`, several statements or one, as a user of the server.
    ///
    /// - Returns: the rows, a line each, their columns separated by `|`.
    @discardableResult
    public func psql(_ sql: String, user: String = "millrace") async throws -> String {
        try await ServerProgram.run(
            "/usr/bin/psql",
            ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", url(user: user)],
            input: sql
        ).trimmingCharacters(in: .newlines)
    }

    private func dropOldSchemas() async throws {
        try await psql(
            """
            SET client_min_messages = error;
            SELECT format('DROP SCHEMA IF EXISTS %I CASCADE', nspname) FROM pg_namespace
            WHERE nspname ~ '^test_[0-9]+_'
              AND to_timestamp(split_part(nspname, '_', 2)::bigint) < now() - interval '1 hour' \\gexec
            """)
    }
}
