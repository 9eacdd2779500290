import Foundation
import MillraceRedis
import MillraceTesting
import NIOCore
import TestServers
import Testing

@Suite(.timeLimit(.minutes(2))) struct RedisClientTests {
    /// A client of the shared server, and a prefix for the test's own keys.
    private func withClient<Value>(
        _ body: (RedisClient, String) async throws -> Value
    ) async throws -> Value {
        let client = try RedisClient(try RedisConfiguration(try await RedisServer.shared.url(), environment: [:]))
        defer { client.close() }
        return try await body(client, "test:\(UUID().uuidString):")
    }

    @Test func `a value comes back as it was sent, whatever bytes it has`() async throws {
        try await withClient { client, prefix in
            for size in [0, 1, 100, 70_000, 5_000_000] {
                let value = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
                let key = RedisArgument.text("\(prefix)\(size)")
                #expect(
                    try await client.send(RedisCommand("SET", key, .bytes(value)), timeout: .seconds(20)).text == "OK")
                #expect(
                    try await client.send(RedisCommand("GET", key), timeout: .seconds(20)) == .bulkString(value))
                _ = try await client.send(RedisCommand("DEL", key))
            }
            #expect(try await client.send(RedisCommand("GET", .text("\(prefix)none"))) == .null)
        }
    }

    @Test func `a thousand tasks share one connection, and each gets its own reply`() async throws {
        try await withClient { client, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<1_000 {
                    group.addTask {
                        for number in 0..<20 {
                            let text = "\(task) \(number)"
                            let reply = try await client.send(
                                RedisCommand("ECHO", .text(text)), timeout: .seconds(30))
                            #expect(reply.text == text)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let info = try await client.send(RedisCommand("CLIENT INFO")).text ?? ""
            #expect(info.contains("name=millrace") && info.contains("resp=3"))
        }
    }

    @Test func `commands that are sent together have nothing of others between them, and an error stops none`()
        async throws
    {
        try await withClient { client, prefix in
            let key = RedisArgument.text("\(prefix)n")
            let outcomes = await client.send([
                RedisCommand("SET", key, "1"), RedisCommand("LPUSH", key, "x"), RedisCommand("INCR", key),
            ])
            #expect(outcomes.count == 3)
            #expect((try? outcomes[2].get()) == .integer(2))
            #expect(throws: RedisError.self) { try outcomes[1].get() }
            _ = try await client.send(RedisCommand("DEL", key))
        }
    }

    @Test func `an error of the server is thrown with its code`() async throws {
        try await withClient { client, prefix in
            let error = await #expect(throws: RedisError.self) {
                try await client.send(RedisCommand("EVALSHA", .text(String(repeating: "0", count: 40)), 0))
            }
            #expect(error?.code == .server(.noScript))
        }
    }

    @Test func `who is cancelled leaves at once, and the others get their replies`() async throws {
        try await RedisServer.with { server in
            let client = try RedisClient(try RedisConfiguration(server.url(), environment: [:]))
            defer { client.close() }
            _ = try await client.send(RedisCommand("PING"))
            try server.freeze()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let error = await #expect(throws: RedisError.self) {
                        try await withThrowingTaskGroup(of: Void.self) { inner in
                            inner.addTask {
                                _ = try await client.send(RedisCommand("ECHO", "gone"), timeout: .seconds(60))
                            }
                            inner.cancelAll()
                            try await inner.waitForAll()
                        }
                    }
                    #expect(error?.code == .cancelled)
                    try server.thaw()
                }
                for number in 0..<10 {
                    group.addTask {
                        let reply = try await client.send(
                            RedisCommand("ECHO", .integer(Int64(number))), timeout: .seconds(60))
                        #expect(reply.number == Int64(number))
                    }
                }
                try await group.waitForAll()
            }
            let info = try await client.send(RedisCommand("INFO", "stats")).text ?? ""
            // The first connection is the script's own, which waits for the port.
            #expect(info.contains("total_connections_received:2") || info.contains("total_connections_received:1"))
        }
    }

    @Test func `a time-out leaves the connection as it is, and late replies reach nobody`() async throws {
        try await RedisServer.with { server in
            let client = try RedisClient(try RedisConfiguration(server.url(), environment: [:]))
            defer { client.close() }
            let id = try await client.send(RedisCommand("CLIENT ID"))
            try server.freeze()
            let error = await #expect(throws: RedisError.self) {
                try await client.send(RedisCommand("ECHO", "late"), timeout: .milliseconds(50))
            }
            #expect(error?.code == .timedOut && error?.mayHaveRun == true)
            try server.thaw()
            #expect(try await client.send(RedisCommand("ECHO", "next"), timeout: .seconds(60)).text == "next")
            #expect(try await client.send(RedisCommand("CLIENT ID")) == id)
        }
    }

    @Test func `a server that comes back is found again, and meanwhile calls fail at once`() async throws {
        try await RedisServer.with { server in
            let client = try RedisClient(try RedisConfiguration(server.url(), environment: [:]))
            defer { client.close() }
            _ = try await client.send(RedisCommand("SET", "k", "1"))
            try await server.crash()
            let start = ContinuousClock.now
            for _ in 0..<200 {
                await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("PING"), timeout: .seconds(60))
                }
            }
            #expect(start.duration(to: .now) < .seconds(30))
            try await server.start()
            while (try? await client.send(RedisCommand("PING"))) == nil { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try await client.send(RedisCommand("GET", "k")) == .null)
        }
    }

    @Test func `what may be repeated survives a cut connection, and the rest says that it may have run`() async throws {
        let server = try await RedisServer.shared
        let proxy = try await CutProxy.start(to: server.port)
        let client = try RedisClient(try RedisConfiguration(server.url(port: proxy.port), environment: [:]))
        defer { client.close() }
        _ = try await client.send(RedisCommand("PING"))
        proxy.cut(after: 0, from: .server)
        async let repeatable = client.send(RedisCommand("ECHO", "a"), timeout: .seconds(60), repeatable: true)
        async let single = client.send(RedisCommand("ECHO", "b"), timeout: .seconds(60))
        let echo = try await repeatable
        #expect(echo.text == "a")
        do {
            _ = try await single
            Issue.record("the reply of a cut connection came")
        } catch let error as RedisError {
            #expect(error.code == .connectionLost && error.mayHaveRun)
        }
        try await proxy.close()
    }

    @Test func `a wrong password is one clear line without it, and no call waits for a second try`() async throws {
        let server = try await RedisServer.shared
        let client = try RedisClient(try RedisConfiguration(server.url(password: "hush"), environment: [:]))
        defer { client.close() }
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        #expect(error?.code == .authentication)
        #expect(
            error?.description.contains("hush") == false
                && error?.description.contains("MILLRACE_REDIS_PASSWORD") == true)
    }

    @Test func `a user of the access lists may do what is allowed`() async throws {
        let server = try await RedisServer.shared
        let client = try RedisClient(try RedisConfiguration(server.url(user: "ann"), environment: [:]))
        defer { client.close() }
        #expect(try await client.send(RedisCommand("GET", "ann:x")) == .null)
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("GET", "bob:x")) }
        #expect(error?.code == .server(.noPermission))
    }

    @Test func `TLS is verified: the authority, and the host's name`() async throws {
        let server = try await RedisServer.shared
        let right = try RedisClient(
            try RedisConfiguration(server.tlsURL(options: "tls_ca=\(server.folder)/ca.crt"), environment: [:]))
        defer { right.close() }
        #expect(try await right.send(RedisCommand("PING")).text == "PONG")
        let wrong = try RedisClient(try RedisConfiguration(server.tlsURL(options: "timeout=5s"), environment: [:]))
        defer { wrong.close() }
        let error = await #expect(throws: RedisError.self) { try await wrong.send(RedisCommand("PING")) }
        #expect(error?.code == .connectionLost || error?.code == .connectionFailed)
    }

    @Test func `a closed client says so`() async throws {
        try await withClient { client, _ in
            _ = try await client.send(RedisCommand("PING"))
            client.close()
            client.close()
            let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            #expect(error?.code == .closed)
        }
    }
}
