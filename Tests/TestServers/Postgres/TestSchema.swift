internal import Foundation

/// The schema of one test on a server that it shares with others.
public struct TestSchema: Sendable {
    /// Where it is.
    public let server: PostgresServer
    /// Its name, which needs no quotes.
    public let name: String

    static func freshName() -> String {
        let random = UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "").prefix(16)
        return "test_\(Int(Date().timeIntervalSince1970))_\(random)"
    }

    /// Leads to the schema at the server.
    public var url: String { "\(server.url)?schema=\(name)" }

    /// Leads to the schema by a PgBouncer.
    public func url(by bouncer: PgBouncerServer) -> String { "\(bouncer.url)?schema=\(name)" }

    /// Leads to the schema by another port, such as that of a ``CutProxy``.
    public func url(by proxy: CutProxy) -> String { server.url(port: proxy.port, options: ["schema=\(name)"]) }

    /// Removes what was made in it. Optional: what is left is removed after an hour, or with the server.
    public func drop() async throws {
        try await server.psql("SET client_min_messages = error; DROP SCHEMA IF EXISTS \(name) CASCADE")
    }
}
