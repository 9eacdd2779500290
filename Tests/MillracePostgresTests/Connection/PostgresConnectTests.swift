import Foundation
import NIOCore
import NIOPosix
import TestServers
import Testing

@testable import MillracePostgres

@Suite struct PostgresConnectTests {
    /// Connects, and says what went wrong.
    private func failure(_ url: String, environment: [String: String] = [:]) async throws -> PostgresError? {
        let configuration = try PostgresConfiguration(url, environment: environment)
        return await postgresError { _ = try await PostgresConnection.connect(configuration) }
    }

    private func user(_ url: String, environment: [String: String] = [:]) async throws -> String {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url, environment: environment))
        return try await connection.query("SELECT session_user::text")[0].value(0)
    }

    /// A port that answers every connection with these bytes, and then says nothing.
    private func withPeer<Value>(saying text: String, _ body: (Int) async throws -> Value) async throws -> Value {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                guard !text.isEmpty else { return channel.eventLoop.makeSucceededVoidFuture() }
                return channel.eventLoop.makeSucceededVoidFuture().map {
                    channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let value: Value
        do {
            value = try await body(#require(listener.localAddress?.port))
        } catch {
            try await listener.close()
            throw error
        }
        try await listener.close()
        return value
    }

    private func isOneLineWithout(_ secret: String, _ error: PostgresError?) -> Bool {
        guard let error else { return false }
        return !error.message.contains("\n") && !"\(error)".contains(secret)
            && !String(reflecting: error).contains(secret)
    }

    @Test func aWrongPasswordIsRefusedWithoutShowingIt() async throws {
        let server = try await PostgresServer.shared
        let error = try await failure("postgres://millrace:wrong-secret@127.0.0.1:\(server.port)/millrace")
        #expect(error?.code == .authentication)
        #expect(error?.message.contains("millrace") == true)
        #expect(isOneLineWithout("wrong-secret", error))
        // Tried with TLS and without, it is refused twice in the same words.
        let words = error?.message.components(separatedBy: "password authentication failed").count
        #expect(words == 2, "\(String(reflecting: error))")
    }

    @Test func passwordsAreNotSentButProvenBySCRAM() async throws {
        let server = try await PostgresServer.shared
        let methods = try await server.psql(
            """
            SELECT DISTINCT auth_method FROM pg_hba_file_rules
            WHERE type = 'host' AND 'all' = ANY (user_name) AND error IS NULL
            """, user: "postgres")
        #expect(methods == "scram-sha-256")
        let secret = try await server.psql(
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'millrace'", user: "postgres")
        #expect(secret.hasPrefix("SCRAM-SHA-256$"))
        #expect(try await user(server.url) == "millrace")
    }

    @Test func thePasswordFileOfTheHomeFolderIsRead() async throws {
        let server = try await PostgresServer.shared
        let home = FileManager.default.temporaryDirectory.appendingPathComponent("home-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: home) }
        let line = "127.0.0.1:\(server.port):*:millrace:\(server.password)\n"
        #expect(
            FileManager.default.createFile(
                atPath: "\(home)/.pgpass", contents: Data(line.utf8), attributes: [.posixPermissions: 0o600]))
        let url = "postgres://millrace@127.0.0.1:\(server.port)/millrace"
        #expect(try await user(url, environment: ["HOME": home]) == "millrace")
    }

    @Test func aMissingPasswordSaysWhereItCanBeGiven() async throws {
        let server = try await PostgresServer.shared
        let error = try await failure(
            "postgres://millrace@127.0.0.1:\(server.port)/millrace?passfile=/nowhere", environment: [:])
        #expect(error?.code == .authentication)
        #expect(error?.message.contains("PGPASSWORD") == true)
        #expect(error?.message.contains(".pgpass") == true)
    }

    @Test func aDatabaseThatDoesNotExistIsNamed() async throws {
        let server = try await PostgresServer.shared
        let error = try await failure(server.url(database: "nowhere"))
        #expect(error?.code == .connectionFailed)
        #expect(error?.message.contains("\"nowhere\" does not exist") == true)
        #expect(isOneLineWithout(server.password, error))
    }

    @Test func aPortWhereNobodyListensIsNamed() async throws {
        let error = try await failure("postgres://ann:secret@127.0.0.1:1/millrace")
        #expect(error?.code == .connectionFailed)
        #expect(error?.message.contains("port 1") == true)
        #expect(isOneLineWithout("secret", error))
    }

    @Test func aHostThatDoesNotExistIsNamed() async throws {
        let error = try await failure("postgres://ann:secret@nowhere.invalid/millrace")
        #expect(error?.code == .connectionFailed)
        #expect(error?.message.contains("nowhere.invalid") == true)
    }

    @Test(arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "N\u{0}\u{1}garbage garbage garbage", "ssssssss"])
    func somethingElseThanAServerIsToldFromOne(text: String) async throws {
        try await withPeer(saying: text) { port in
            let error = try await failure("postgres://ann:secret@127.0.0.1:\(port)/millrace?connect_timeout=2")
            #expect(error?.code == .connectionFailed || error?.code == .timedOut)
            #expect(isOneLineWithout("secret", error))
        }
    }

    @Test func aServerThatAcceptsAndStaysSilentCostsTheTimeForConnectingAndNoMore() async throws {
        try await withPeer(saying: "") { port in
            let start = ContinuousClock.now
            let error = try await failure("postgres://ann:secret@127.0.0.1:\(port)/millrace?connect_timeout=1")
            #expect(error?.code == .timedOut)
            #expect(error?.message.contains("connect_timeout") == true)
            #expect(ContinuousClock.now - start >= .seconds(1))
        }
    }

    @Test func connectingCanBeCancelled() async throws {
        try await withPeer(saying: "") { port in
            let url = "postgres://ann:secret@127.0.0.1:\(port)/millrace?connect_timeout=3600"
            let task = Task { try await failure(url) }
            task.cancel()
            let error = try await task.value
            #expect(error?.code == .cancelled)
        }
    }

    @Test func connectionsAreSharedOutAmongTheThreadsThatReadThem() async throws {
        // By a task that runs in them: its jobs are shared out too, and must not take the turns of connections.
        let connections = try await withTaskExecutorPreference(try PollThreads.shared()) {
            var connections: [PostgresConnection] = []
            for _ in 0..<20 { connections.append(try await connect()) }
            return connections
        }
        let loops = Set(connections.map { ObjectIdentifier($0.session.loop) })
        #expect(loops.count == min(ProcessInfo.processInfo.activeProcessorCount, 4))
    }

    @Test func theEnvironmentAndAPasswordFileGivePasswords() async throws {
        let server = try await PostgresServer.shared
        let url = "postgres://millrace@127.0.0.1:\(server.port)/millrace"
        #expect(try await user(url, environment: ["PGPASSWORD": server.password]) == "millrace")

        let file = FileManager.default.temporaryDirectory.appendingPathComponent("pgpass-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let line = "127.0.0.1:*:millrace:millrace:\(server.password)\n"
        #expect(
            FileManager.default.createFile(
                atPath: file, contents: Data(line.utf8), attributes: [.posixPermissions: 0o600]))
        #expect(try await user(url, environment: ["PGPASSFILE": file]) == "millrace")
    }

    @Test func aUnixSocketIsTaken() async throws {
        let server = try await PostgresServer.shared
        let folder = try #require(server.folder.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let url = "postgres://millrace:\(server.password)@/millrace?host=\(folder)&port=\(server.port)"
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url, environment: [:]))
        #expect(try await connection.query("SELECT inet_server_addr() IS NULL")[0].value(0, as: Bool.self))
    }

    @Test(arguments: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"])
    func everySSLModeIsKept(mode: String) async throws {
        let server = try await PostgresServer.shared
        let connection = try await connect(options: ["sslmode=\(mode)", "sslrootcert=\(server.folder)/ca.crt"])
        let rows = try await connection.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        #expect(try rows[0].value(0) == !["disable", "allow"].contains(mode))
    }

    @Test func aServerThatAnotherAuthorityVouchesForIsRefused() async throws {
        let server = try await PostgresServer.shared
        // A certificate, but not of an authority.
        let options = ["sslmode=verify-full", "sslrootcert=\(server.folder)/certified.crt"]
        let error = try await failure(server.url(options: options))
        #expect(error?.code == .authentication)
        #expect(error?.message.contains("certificate") == true)
        #expect(isOneLineWithout(server.password, error))
    }

    @Test func aServerOfAnotherNameIsRefusedByVerifyFullOnly() async throws {
        let server = try await PostgresServer.shared
        let authority = "sslrootcert=\(server.folder)/ca.crt"
        let url = "postgres://millrace:\(server.password)@other.example:\(server.port)/millrace?hostaddr=127.0.0.1&"
        #expect(try await user("\(url)sslmode=verify-ca&\(authority)") == "millrace")
        let error = try await failure("\(url)sslmode=verify-full&\(authority)")
        #expect(error?.code == .authentication)
        #expect(error?.message.contains("other.example") == true)
    }

    @Test func aUserMayComeWithACertificate() async throws {
        let server = try await PostgresServer.shared
        let folder = server.folder
        let url =
            "postgres://certified@127.0.0.1:\(server.port)/millrace?sslmode=verify-full&sslrootcert=\(folder)/ca.crt"
        #expect(try await user("\(url)&sslcert=\(folder)/certified.crt&sslkey=\(folder)/certified.key") == "certified")
        let error = try await failure("\(url)&sslcert=/nowhere/a.crt&sslkey=/nowhere/a.key")
        #expect(error?.code == .authentication)
    }

    @Test func ofSeveralHostsTheFirstThatIsWantedIsTaken() async throws {
        let server = try await PostgresServer.shared
        let login = "postgres://millrace:\(server.password)@"
        #expect(try await user("\(login)127.0.0.1:1,127.0.0.1:\(server.port)/millrace") == "millrace")
        let writable = "\(login)127.0.0.1:1,127.0.0.1:\(server.port)/millrace?target_session_attrs=read-write"
        #expect(try await user(writable) == "millrace")
        let standby = "\(login)127.0.0.1:\(server.port)/millrace?target_session_attrs=standby"
        let error = try await failure(standby)
        #expect(error?.code == .connectionFailed)
        #expect(error?.message.contains("standby") == true)
    }

    @Test func aSilentHostIsPassedOver() async throws {
        let server = try await PostgresServer.shared
        try await withPeer(saying: "") { port in
            let url = "postgres://millrace:\(server.password)@127.0.0.1:\(port),127.0.0.1:\(server.port)/millrace"
            // Each may take that long, and the second is a busy server.
            let user = try await user("\(url)?connect_timeout=10")
            #expect(user == "millrace")
        }
    }
}
