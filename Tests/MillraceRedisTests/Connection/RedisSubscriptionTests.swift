import Foundation
import MillraceRedis
import NIOCore
import TestServers
import Testing

@Suite(.timeLimit(.minutes(5))) struct RedisSubscriptionTests {
    private let log = EventLog()

    private func subscription(_ configuration: RedisConfiguration, _ channels: String...) throws -> RedisSubscription {
        let subscription = try RedisSubscription(configuration, channels: channels) { [log] in log.note($0) }
        subscription.start()
        subscription.start()
        return subscription
    }

    private func publish(_ client: RedisClient, _ channel: String, _ message: String) async throws {
        _ = try await client.send(RedisCommand("PUBLISH", .text(channel), .text(message)), timeout: .seconds(30))
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `what is published after the first gap comes, in its order`(program: RedisServer.Program) async throws {
        let server = try await RedisServer.shared(program)
        let client = try server.client()
        let (one, two) = (ownPrefix(), ownPrefix())
        let subscription = try RedisSubscription(server.configuration(), channels: [one, two]) { [log] in log.note($0) }
        #expect(subscription.lastHeard == nil)
        subscription.start()
        #expect(try await log.first(1) == ["gap"])
        #expect(subscription.lastHeard != nil)
        for number in 0..<100 { try await publish(client, number.isMultiple(of: 2) ? one : two, "\(number)") }
        let expected = (0..<100).map { "\($0.isMultiple(of: 2) ? one : two): \($0)" }
        #expect(try await log.first(101) == ["gap"] + expected)
        subscription.close()
        client.close()
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `a server that was killed is found again, and the gap is told once all channels are listened to`(
        program: RedisServer.Program
    ) async throws {
        try await RedisServer.with(program) { server in
            let subscription = try subscription(server.configuration(), "one", "two")
            defer { subscription.close() }
            _ = try await log.first(1)
            try await server.crash()
            #expect(try await log.first(2) == ["gap", "lost connectionLost"])
            #expect(subscription.lastHeard == nil)
            try await server.start()
            #expect(try await log.first(3).last == "gap")
            #expect(subscription.reconnects == 1)
            let client = try server.client()
            defer { client.close() }
            try await publish(client, "one", "1")
            try await publish(client, "two", "2")
            #expect(try await log.first(5).suffix(2) == ["one: 1", "two: 2"])
        }
    }

    @Test func `a connection that is cut is one loss and one gap, and all channels are listened to in their order`()
        async throws
    {
        try await RedisServer.with { server in
            let channels = (0..<256).map { "bus \($0)" }
            let subscription = try RedisSubscription(server.configuration(), channels: channels) { [log] in log.note($0)
            }
            subscription.start()
            defer { subscription.close() }
            let client = try server.client()
            defer { client.close() }
            for round in 1...3 {
                _ = try await log.first(2 * round - 1)
                _ = try await client.send(RedisCommand("CLIENT KILL", "TYPE", "pubsub"))
                #expect(try await log.first(2 * round + 1).suffix(2) == ["lost connectionLost", "gap"])
            }
            let open = try await client.send(RedisCommand("PUBSUB CHANNELS")).elements?.count
            #expect(open == 256 && subscription.reconnects == 3)
        }
    }

    @Test func `a server that stands still is given up after three seconds, and heard again when it goes on`()
        async throws
    {
        try await RedisServer.with { server in
            let subscription = try subscription(server.configuration(), "one")
            defer { subscription.close() }
            _ = try await log.first(1)
            try server.freeze()
            let heard = try #require(subscription.lastHeard)
            #expect(try await log.first(2).last == "lost connectionLost")
            #expect(heard.duration(to: .now) >= .seconds(3))
            try server.thaw()
            #expect(try await log.first(3).last == "gap")
        }
    }

    @Test func `a quiet server is asked whether it is there`() async throws {
        let server = try await RedisServer.shared
        let subscription = try subscription(server.configuration(), ownPrefix())
        defer { subscription.close() }
        _ = try await log.first(1)
        let delays = Delays()
        let first = try #require(subscription.lastHeard)
        try await eventually {
            subscription.lastHeard.map { $0 > first + .milliseconds(1_500) } ?? true
        }
        // A machine that stood still itself takes the server for gone.
        #expect(log.all == ["gap"] || delays.soFar > .seconds(2), "\(log.all)")
    }

    @Test func `a server that knows no HELLO is listened to in RESP2, and asked whether it is there`() async throws {
        try await RedisServer.with(lines: [#"rename-command HELLO """#]) { server in
            let subscription = try subscription(server.configuration(), "one", "two")
            defer { subscription.close() }
            _ = try await log.first(1)
            let client = try server.client()
            defer { client.close() }
            try await publish(client, "two", "2")
            #expect(try await log.first(2).last == "two: 2")
            let delays = Delays()
            let first = try #require(subscription.lastHeard)
            try await eventually { subscription.lastHeard.map { $0 > first + .seconds(1) } ?? true }
            // A machine that stood still itself takes the server for gone.
            #expect(log.all.count == 2 || delays.soFar > .seconds(2), "\(log.all)")
        }
    }

    @Test func `a server that is not there is one loss, however often it is tried`() async throws {
        let server = try await RedisServer.shared
        let proxy = try await CutProxy.start(to: server.port)
        proxy.refuse()
        let subscription = try subscription(server.configuration(port: proxy.port), ownPrefix())
        defer { subscription.close() }
        try await eventually { proxy.accepted > 0 || log.all.count > 0 }
        #expect(try await log.first(1).count == 1)
        proxy.pass()
        #expect(try await log.first(2).last == "gap")
        try await proxy.close()
    }

    @Test func `a user who may not listen there is one clear line`() async throws {
        let server = try await RedisServer.shared
        let subscription = try subscription(server.configuration(user: "ann"), ownPrefix())
        defer { subscription.close() }
        #expect(try await log.first(1) == ["lost server(NOPERM)"])
    }

    @Test func `nothing is told after the end`() async throws {
        let server = try await RedisServer.shared
        let channel = ownPrefix()
        let subscription = try subscription(server.configuration(), channel)
        _ = try await log.first(1)
        subscription.close()
        subscription.close()
        subscription.start()
        let client = try server.client()
        defer { client.close() }
        try await eventually {
            try await client.send(RedisCommand("PUBSUB NUMSUB", .text(channel))).elements?.last == .integer(0)
        }
        #expect(log.all == ["gap"] && subscription.lastHeard == nil)
    }
}
