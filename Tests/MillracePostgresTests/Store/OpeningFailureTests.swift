import MillraceCore
import TestServers
import Testing

@testable import MillracePostgres

@Suite("A PostgreSQL store that cannot be opened")
struct OpeningFailureTests {
    /// What opening fails with; it names where, in one line, and never the password.
    private static func failure(
        _ url: String, place: String, password: String = "hush-hush"
    ) async throws -> StoreError {
        do {
            let store = try await PostgresStore(PostgresConfiguration(url, environment: [:]))
            await store.close()
        } catch {
            let error = try #require(error as? StoreError)
            #expect(error.message.contains(place), "\(error)")
            #expect(!error.message.contains(password) && !error.message.contains("\n"), "\(error)")
            return error
        }
        throw TookTooLong()
    }

    @Test("names a server that is not running")
    func notRunning() async throws {
        let error = try await Self.failure(
            "postgres://millrace:hush-hush@127.0.0.1:1/millrace", place: "127.0.0.1:1")
        #expect(error.code == .unavailable && error.isRetryable)
    }

    @Test("says that the password is wrong")
    func password() async throws {
        let server = try await PostgresServer.shared
        let error = try await Self.failure(
            "postgres://millrace:hush-hush@127.0.0.1:\(server.port)/millrace", place: "127.0.0.1:\(server.port)")
        #expect(error.code == .unavailable && error.message.contains("password"), "\(error)")
    }

    @Test("names a database that does not exist")
    func database() async throws {
        let server = try await PostgresServer.shared
        let error = try await Self.failure(
            server.url(database: "atlantis"), place: "atlantis", password: server.password)
        #expect(error.code == .unavailable && error.message.contains("does not exist"), "\(error)")
    }

    @Test("says that the server's certificate is not the one that was asked for")
    func certificate() async throws {
        let server = try await PostgresServer.shared
        let options = ["sslmode=verify-full", "sslrootcert=\(server.folder)/certified.crt"]
        let error = try await Self.failure(
            server.url(options: options), place: "127.0.0.1", password: server.password)
        #expect(error.code == .unavailable && error.message.contains("sslrootcert"), "\(error)")
        #expect(!error.message.contains("PGPASSWORD"), "\(error)")
    }

    @Test("says which right the user lacks")
    func permission() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let error = try await Self.failure(
            schema.server.url(user: "visitor", options: ["schema=\(schema.name)"]), place: "127.0.0.1",
            password: schema.server.password)
        #expect(error.code == .readOnly && error.needsMending, "\(String(reflecting: error))")
    }

    @Test("says that the server may only be read")
    func readOnly() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let options = ["schema=\(schema.name)", "options=-c%20default_transaction_read_only%3Don"]
        let error = try await Self.failure(
            schema.server.url(options: options), place: "127.0.0.1", password: schema.server.password)
        #expect(error.code == .readOnly, "\(String(reflecting: error))")
        #expect(error.message.contains("target_session_attrs=read-write"), "\(error)")
    }

    @Test("says that the server has as many connections as it takes")
    func tooMany() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let (server, user) = (schema.server, "limited_\(schema.name)")
        try await server.psql(
            "CREATE ROLE \(user) LOGIN CONNECTION LIMIT 0 PASSWORD '\(server.password)'", user: "postgres")
        let error = try await Self.failure(server.url(user: user), place: "127.0.0.1", password: server.password)
        #expect(error.code == .unavailable && error.isRetryable)
        #expect(error.message.contains("max_connections"), "\(error)")
        try await server.psql("DROP ROLE \(user)", user: "postgres")
    }
}
