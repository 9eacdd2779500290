internal import Foundation

/// A PgBouncer in transaction mode before a ``PostgresServer``.
public struct PgBouncerServer: Sendable {
    let folder: String
    /// Its port.
    public let port: Int
    let password: String

    /// The PgBouncer before the server that tests share.
    public static var shared: PgBouncerServer {
        get async throws {
            guard let bouncer = try await PostgresServer.shared.bouncer else {
                throw TestServerError("MILLRACE_TEST_PGBOUNCER is not set; unset MILLRACE_TEST_POSTGRES too, or set it")
            }
            return bouncer
        }
    }

    /// Leads to the database `millrace`, by PgBouncer.
    public var url: String { "postgres://millrace:\(password)@127.0.0.1:\(port)/millrace" }

    /// Ends the PgBouncer of a test's own server at once, without a word to its clients.
    public func crash() async throws {
        guard let process = ServerProcess(fileAt: "\(folder)/pgbouncer.pid") else { return }
        try process.send(SIGKILL)
        try await [process].ended()
    }
}
