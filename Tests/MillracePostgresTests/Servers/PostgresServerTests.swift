import MillraceCore
import TestServers
import Testing

@testable import MillracePostgres

/// What tests rely on: servers that can be broken, and a proxy that breaks what leads to them.
@Suite struct PostgresServerTests {
    @Test func `A server of a test's own comes back after a crash, a restart and a freeze with what was committed`()
        async throws
    {
        try await PostgresServer.with(bouncer: true) { server in
            try await server.psql("CREATE TABLE kept (id integer); INSERT INTO kept VALUES (1)")
            try await server.crash()
            await #expect(throws: (any Error).self) { try await server.psql("SELECT 1") }
            try await server.startAgain()
            #expect(try await server.psql("TABLE kept") == "1")
            try await server.stopImmediately()
            try await server.startAgain()
            #expect(try await server.psql("TABLE kept") == "1")
            let bouncer = try #require(server.bouncer)
            try await bouncer.crash()
            try await server.startAgain()
            #expect(try await server.psql("TABLE kept") == "1")
            // Frozen, it answers nobody; thawed, it answers who has waited.
            let connection = try await PostgresConnection.connect(try PostgresConfiguration(server.url))
            defer { connection.close() }
            try server.freeze()
            async let rows = connection.query("SELECT id FROM kept")
            try server.thaw()
            #expect(try await rows[0].value(0, as: Int32.self) == 1)
        }
    }

    @Test func `Each test has a schema of its own at one server`() async throws {
        let server = try await PostgresServer.shared
        let names = (0..<100).map { _ in server.freshSchema().name }
        #expect(Set(names).count == 100)
        #expect(try await PostgresServer.shared === server)
    }

    @Test func `A proxy passes everything on until it is told otherwise`() async throws {
        let server = try await PostgresServer.shared
        let proxy = try await CutProxy.start(to: server.port)
        let connection = try await PostgresConnection.connect(try PostgresConfiguration(server.url(port: proxy.port)))
        let text = try await connection.query("SELECT repeat('x', 10000000)")[0].value(0, as: String.self)
        #expect(text.utf8.count == 10_000_000)
        #expect(proxy.connections == 1)
        connection.close()
        try await proxy.close()
    }

    @Test func `A proxy cuts a connection in the middle of an answer, once`() async throws {
        let server = try await PostgresServer.shared
        let proxy = try await CutProxy.start(to: server.port)
        let configuration = try PostgresConfiguration(server.url(port: proxy.port))
        let connection = try await PostgresConnection.connect(configuration)
        proxy.cut(after: 5_000, from: .server)
        let error = await #expect(throws: PostgresError.self) {
            _ = try await connection.query("SELECT repeat('x', 100000)")
        }
        #expect(error?.code == .connectionLost)
        #expect(proxy.cutByBytes == 1)
        let second = try await PostgresConnection.connect(configuration)
        #expect(try await second.query("SELECT repeat('x', 100000)").count == 1)
        proxy.cut()
        await #expect(throws: PostgresError.self) { _ = try await second.query("SELECT 1") }
        try await proxy.close()
    }

    @Test func `A proxy that holds loses nothing; one that swallows gives no answer, not even to new connections`()
        async throws
    {
        let server = try await PostgresServer.shared
        let proxy = try await CutProxy.start(to: server.port)
        var configuration = try PostgresConfiguration(server.url(port: proxy.port))
        let connection = try await PostgresConnection.connect(configuration)
        proxy.hold()
        async let rows = connection.query("SELECT 7")
        proxy.pass()
        #expect(try await rows[0].value(0, as: Int32.self) == 7)
        proxy.swallow()
        configuration.connectTimeout = .milliseconds(300)
        let late = configuration
        let error = await #expect(throws: PostgresError.self) { _ = try await PostgresConnection.connect(late) }
        #expect(error?.code == .timedOut || error?.code == .connectionFailed)
        connection.close()
        proxy.pass()
        proxy.refuse()
        await #expect(throws: PostgresError.self) { _ = try await PostgresConnection.connect(late) }
        try await proxy.close()
    }
}
