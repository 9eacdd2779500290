import NIOCore
import Synchronization
import TestServers
import Testing

@testable import MillraceRedis

@Suite(.timeLimit(.minutes(5))) struct RedisClientTests {
    /// A client of the shared server, and a prefix for the test's own keys.
    private func withClient<Value>(
        _ body: (RedisClient, String) async throws -> Value
    ) async throws -> Value {
        let client = try await RedisServer.shared.client()
        defer { client.close() }
        return try await body(client, ownPrefix())
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
            let client = try server.client()
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

    /// One call, whose task is cancelled while it is taken on.
    private struct CancelledOnTheWay: Collection, Sendable {
        let call: CallQueue<Caller>.Call
        let ticket: CallTicket
        let startIndex = 0
        let endIndex = 1

        func index(after index: Int) -> Int { index + 1 }

        subscript(_: Int) -> CallQueue<Caller>.Call {
            #expect(ticket.giveUp() == nil)
            return call
        }
    }

    @Test(arguments: [false, true])
    func `who is cancelled while his call is taken on waits for no reply`(isConnected: Bool) async throws {
        try await withClient { client, _ in
            // The first by the event loop, the second by himself.
            if isConnected { _ = try await client.send(RedisCommand("PING")) }
            let ticket = CallTicket()
            let outcome = await withUnsafeContinuation { continuation in
                let call = CallQueue<Caller>.Call(
                    command: RedisCommand("ECHO", "gone"), caller: .alone(continuation),
                    deadline: client.deadline(.seconds(60)), isRepeatable: false)
                client.submit(CancelledOnTheWay(call: call, ticket: ticket), ticket, isLast: false)
            }
            let error = #expect(throws: RedisError.self) { try outcome.get() }
            #expect(error?.code == .cancelled && error?.mayHaveRun == isConnected)
            #expect(try await client.send(RedisCommand("ECHO", "next")).text == "next")
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `a time-out leaves the connection as it is, and late replies reach nobody`(
        program: RedisServer.Program
    ) async throws {
        try await RedisServer.with(program) { server in
            let client = try server.client()
            defer { client.close() }
            let id = try await client.send(RedisCommand("CLIENT ID"))
            try server.freeze()
            async let patient = client.send(RedisCommand("ECHO", "patient"), timeout: .seconds(60))
            let error = await redisError {
                // So long that it is on its way by then, and not so long that the server is given up.
                try await client.send(RedisCommand("ECHO", "late"), timeout: .seconds(1))
            }
            #expect(error?.code == .timedOut && error?.mayHaveRun == true)
            try server.thaw()
            #expect(try await client.send(RedisCommand("ECHO", "next"), timeout: .seconds(60)).text == "next")
            let reply = try await patient
            #expect(reply.text == "patient")
            #expect(try await client.send(RedisCommand("CLIENT ID")) == id)
        }
    }

    @Test func `more calls than are allowed fail at once, and what waits can be read off`() async throws {
        try await RedisServer.with { server in
            var configuration = try server.configuration()
            configuration.queueLimit = 100
            let client = try RedisClient(configuration)
            defer { client.close() }
            _ = try await client.send(RedisCommand("PING"))
            try server.freeze()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let reply = try await client.send(
                            RedisCommand("ECHO", .integer(Int64(number))), timeout: .seconds(60))
                        #expect(reply.number == Int64(number))
                    }
                }
                try await eventually { client.statistics.inFlight + client.statistics.waiting == 100 }
                let error = await redisError { try await client.send(RedisCommand("PING"), timeout: .seconds(60)) }
                #expect(error?.code == .overloaded && error?.mayHaveRun == false)
                try server.thaw()
                try await group.waitForAll()
            }
            #expect(client.statistics.inFlight == 0 && client.statistics.waiting == 0)
            #expect(client.statistics.connections == 1 && client.statistics.isConnected)
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `what the server says unasked stands in nobody's way`(program: RedisServer.Program) async throws {
        let server = try await RedisServer.shared(program)
        let (client, other) = (try server.client(), try server.client())
        defer {
            client.close()
            other.close()
        }
        let key = RedisArgument.text(ownPrefix())
        _ = try await client.send(RedisCommand("CLIENT TRACKING", "ON"))
        for number in 0..<50 {
            _ = try await client.send(RedisCommand("GET", key))
            // From here on the server tells the first client that the key has changed.
            async let written = other.send(RedisCommand("SET", key, .integer(Int64(number))))
            async let echoed = client.send(RedisCommand("ECHO", .integer(Int64(number))))
            let (reply, echo) = (try await written, try await echoed)
            #expect(reply.text == "OK" && echo.number == Int64(number))
        }
        #expect(client.generation == 1)
        _ = try await other.send(RedisCommand("DEL", key))
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `a server that knows no HELLO is talked to in RESP2`(program: RedisServer.Program) async throws {
        try await RedisServer.with(program, lines: [#"rename-command HELLO """#]) { server in
            let client = try server.client(database: 2)
            defer { client.close() }
            let info = try await client.send(RedisCommand("CLIENT INFO"), timeout: .seconds(30)).text ?? ""
            #expect(info.contains("name=millrace") && info.contains("resp=2") && info.contains("db=2"))
            _ = try await client.send(RedisCommand("HSET", "h", "a", "1"))
            #expect(try await client.send(RedisCommand("HGETALL", "h")).elements?.map(\.text) == ["a", "1"])
            #expect(try await client.send(RedisCommand("GET", "none")) == .null)
        }
    }

    @Test func `a dead peer is noticed by the kernel, and small packets are not kept back`() async throws {
        try await withClient { client, _ in
            _ = try await client.send(RedisCommand("PING"))
            let channel = try #require(client.state.withLock { $0.link?.channel })
            #expect(try await channel.getOption(.tcpOption(.tcp_nodelay)).get() == 1)
            #expect(try await channel.getOption(.socketOption(.so_keepalive)).get() == 1)
        }
    }

    @Test func `who shuts down waits for what was sent before, and takes no more`() async throws {
        try await RedisServer.with { server in
            let client = try server.client()
            _ = try await client.send(RedisCommand("PING"))
            try server.freeze()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<500 {
                    group.addTask {
                        let reply = try await client.send(RedisCommand("ECHO", .integer(Int64(number))))
                        #expect(reply.number == Int64(number))
                    }
                }
                try await eventually { client.statistics.inFlight + client.statistics.waiting == 500 }
                group.addTask { await client.shutdown(within: .seconds(60)) }
                try await eventually {
                    await code(of: { try await client.send(RedisCommand("PING"), timeout: .milliseconds(1)) })
                        == .closed
                }
                try server.thaw()
                try await group.waitForAll()
            }
            #expect(!client.statistics.isConnected)
            await client.shutdown()
        }
    }

    @Test func `a client that is let go lets its connection go`() async throws {
        let server = try await RedisServer.shared
        let proxy = try await CutProxy.start(to: server.port)
        var client: RedisClient? = try server.client(port: proxy.port)
        _ = try await client?.send(RedisCommand("PING"))
        #expect(proxy.connections == 1)
        client = nil
        try await eventually { proxy.connections == 0 }
        try await proxy.close()
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
