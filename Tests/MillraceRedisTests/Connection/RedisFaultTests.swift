import MillraceRedis
import MillraceTesting
import NIOCore
import TestServers
import Testing

/// What a client does when its server, or the way to it, does what it should not.
@Suite(.timeLimit(.minutes(5))) struct RedisFaultTests {
    @Test(arguments: RedisServer.Program.allCases)
    func `a server that comes back is found again, and meanwhile calls fail at once`(
        program: RedisServer.Program
    ) async throws {
        try await RedisServer.with(program) { server in
            let client = try server.client()
            defer { client.close() }
            _ = try await client.send(RedisCommand("SET", "k", "1"))
            try await server.crash()
            let delays = Delays()
            let start = ContinuousClock.now
            for _ in 0..<200 {
                let error = await redisError { try await client.send(RedisCommand("PING"), timeout: .seconds(60)) }
                #expect(error?.code == .connectionFailed || error?.code == .connectionLost)
                #expect(error?.description.contains("\n") == false)
            }
            // Nothing of what this machine was late by itself meanwhile.
            #expect(start.duration(to: .now) - delays.soFar < .seconds(30))
            try await server.start()
            try await eventually { (try? await client.send(RedisCommand("PING"))) != nil }
            #expect(try await client.send(RedisCommand("GET", "k")) == .null)
            #expect(client.statistics.connections >= 2 && client.generation == client.statistics.connections)
        }
    }

    @Test func `each connection selects the database again`() async throws {
        try await RedisServer.with { server in
            let client = try server.client(database: 3)
            defer { client.close() }
            _ = try await client.send(RedisCommand("SET", "k", "three"))
            let before = client.generation
            _ = try? await client.send(RedisCommand("CLIENT KILL", "TYPE", "normal", "SKIPME", "no"))
            try await eventually { client.generation > before || !client.statistics.isConnected }
            try await eventually {
                (try? await client.send(RedisCommand("GET", "k")))?.text == "three"
            }
            #expect(client.generation > before)
        }
    }

    @Test func `a server that stands still keeps nobody longer than he asked for, and is given up after a while`()
        async throws
    {
        try await RedisServer.with { server in
            let client = try server.client()
            defer { client.close() }
            _ = try await client.send(RedisCommand("PING"))
            try server.freeze()
            let error = await redisError {
                // So long that it is on its way by then.
                try await client.send(RedisCommand("ECHO", "late"), timeout: .seconds(2))
            }
            #expect(error?.code == .timedOut && error?.mayHaveRun == true && client.statistics.timeouts == 1)
            try await eventually { !client.statistics.isConnected }
            try server.thaw()
            try await eventually { (try? await client.send(RedisCommand("ECHO", "next")))?.text == "next" }
        }
    }

    @Test func `a server that takes connections and says nothing is one clear line`() async throws {
        let server = try await TalkingServer.start([])
        let client = try RedisClient(
            try RedisConfiguration(
                "redis://127.0.0.1:\(server.port)?connect_timeout=2s&timeout=60s", environment: [:]))
        defer { client.close() }
        let error = await redisError { try await client.send(RedisCommand("PING")) }
        #expect(error?.code == .connectionFailed && error?.description.contains("does not answer") == true)
        try await server.close()
    }

    @Test(arguments: [["%0\r\n", "+PONG\r\n+PONG\r\n"], ["%0\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"]])
    func `a reply that nobody asked for, or that is none, ends the connection and nothing else`(
        lines: [String]
    ) async throws {
        let server = try await TalkingServer.start(lines)
        let client = try RedisClient(
            try RedisConfiguration("redis://127.0.0.1:\(server.port)?connect_timeout=30s&timeout=60s", environment: [:])
        )
        defer { client.close() }
        let reply = try? await client.send(RedisCommand("PING"))
        #expect(reply?.text == (lines[1].hasPrefix("+") ? "PONG" : nil))
        try await eventually { !client.statistics.isConnected }
        #expect(client.statistics.inFlight == 0)
        try await server.close()
    }

    @Test func `a server that speaks no RESP is one clear line`() async throws {
        let server = try await TalkingServer.start(["HTTP/1.1 400 Bad Request\r\n\r\n"])
        let client = try RedisClient(
            try RedisConfiguration("redis://127.0.0.1:\(server.port)?connect_timeout=30s", environment: [:]))
        defer { client.close() }
        let error = await redisError { try await client.send(RedisCommand("PING"), timeout: .seconds(60)) }
        #expect(error?.description.contains("does not speak RESP") == true)
        try await server.close()
    }

    @Test func `what may be repeated survives a cut connection, and the rest says that it may have run`() async throws {
        let server = try await RedisServer.shared
        let proxy = try await CutProxy.start(to: server.port)
        let client = try server.client(port: proxy.port)
        defer { client.close() }
        _ = try await client.send(RedisCommand("PING"))
        proxy.cut(after: 0, from: .server)
        proxy.hold()
        async let repeatable = client.send(RedisCommand("ECHO", "a"), timeout: .seconds(60), repeatable: true)
        async let single = client.send(
            [RedisCommand("ECHO", "b"), RedisCommand("ECHO", "c")], timeout: .seconds(60))
        // All three are on their way when the first answer cuts it.
        try await eventually { client.statistics.inFlight == 3 }
        proxy.pass()
        let (echo, outcomes) = (try await repeatable, await single)
        #expect(echo.text == "a")
        for outcome in outcomes {
            let error = #expect(throws: RedisError.self) { try outcome.get() }
            #expect(error?.code == .connectionLost && error?.mayHaveRun == true)
        }
        try await proxy.close()
    }

    @Test func `whatever happens, each call ends once, and nothing is left over`() async throws {
        let server = try await RedisServer.shared
        let proxy = try await CutProxy.start(to: server.port)
        let client = try server.client(port: proxy.port)
        defer { client.close() }
        let wrong = await withTaskGroup(of: Int.self) { group in
            for worker in 0..<64 {
                group.addTask {
                    var generator = SeededGenerator(seed: TestSeed.value &+ UInt64(worker))
                    var wrong = 0
                    for turn in 0..<200 {
                        let text = "\(worker) \(turn)"
                        let timeout = Duration.microseconds(Int.random(in: 1...20_000, using: &generator))
                        let isRepeatable = Bool.random(using: &generator)
                        let call = Task {
                            try await client.send(
                                RedisCommand("ECHO", .text(text)), timeout: timeout, repeatable: isRepeatable)
                        }
                        if Int.random(in: 0..<4, using: &generator) == 0 { call.cancel() }
                        if worker == 0, turn.isMultiple(of: 10) { proxy.cut() }
                        if let reply = try? await call.value, reply.text != text { wrong += 1 }
                    }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
        #expect(client.statistics.waiting == 0 && client.statistics.inFlight == 0)
        try await eventually {
            (try? await client.send(RedisCommand("ECHO", "end"), timeout: .seconds(30)))?.text == "end"
        }
        try await proxy.close()
    }
}
