import MillraceRedis
import NIOCore
import TestServers
import Testing

@Suite(.timeLimit(.minutes(5))) struct RedisScriptTests {
    private let append = RedisScript("return redis.call('RPUSH', KEYS[1], ARGV[1])")

    @Test func `a script's hash is the SHA-1 of its source`() {
        #expect(RedisScript("return 1").sha == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
        #expect("\(RedisScript("return 1"))" == RedisScript("return 1").sha)
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `a script runs on a server that does not know it, and by its hash from then on`(
        program: RedisServer.Program
    ) async throws {
        try await RedisServer.with(program) { server in
            let client = try server.client()
            defer { client.close() }
            #expect(try await client.run(append, keys: ["l"], arguments: ["a"]) == .integer(1))
            #expect(try await client.run(append, keys: ["l"], arguments: ["b"]) == .integer(2))
            #expect(try await client.send(RedisCommand("SCRIPT EXISTS", .text(append.sha))) == .array([.integer(1)]))
            let calls = try await calls(client)
            #expect(calls.eval == 1 && calls.evalsha == 2)
            _ = try await client.send(RedisCommand("SCRIPT FLUSH"))
            #expect(try await client.run(append, keys: ["l"], arguments: ["c"]) == .integer(3))
        }
    }

    @Test func `many calls take one flight, in their order, and one flight more when the script is not known`()
        async throws
    {
        try await RedisServer.with { server in
            let client = try server.client()
            defer { client.close() }
            for round in 0..<2 {
                let outcomes = await client.run(
                    append,
                    calls: (0..<100).map { (keys: ["l"], arguments: [.integer(Int64(round * 100 + $0))]) })
                #expect(outcomes.map { try? $0.get() } == (1...100).map { .integer(Int64(round * 100 + $0)) })
            }
            let list = try await client.send(RedisCommand("LRANGE", "l", 0, -1)).elements ?? []
            #expect(list.map(\.number) == (0..<200).map { Int64($0) })
            let calls = try await calls(client)
            #expect(calls.eval == 100 && calls.evalsha == 200)
            #expect(await client.run(append, calls: []).isEmpty)
        }
    }

    @Test func `an error of a script is that call's own`() async throws {
        let client = try await RedisServer.shared.client()
        defer { client.close() }
        let key = RedisArgument.text(ownPrefix())
        _ = try await client.send(RedisCommand("SET", key, "text"))
        let outcomes = await client.run(
            RedisScript("return redis.call('INCRBY', KEYS[1], ARGV[1])"),
            calls: [(keys: [key], arguments: [1]), (keys: [.text(ownPrefix())], arguments: [1])])
        #expect(throws: RedisError.self) { try outcomes[0].get() }
        #expect((try? outcomes[1].get()) == .integer(1))
        _ = try await client.send(RedisCommand("DEL", key))
    }

    /// How often scripts were run, by their source and by their hash.
    private func calls(_ client: RedisClient) async throws -> (eval: Int, evalsha: Int) {
        let info = try await client.send(RedisCommand("INFO", "commandstats")).text ?? ""
        func count(_ name: String) -> Int {
            info.split(separator: "\r\n").first { $0.hasPrefix("cmdstat_\(name):calls=") }
                .flatMap { $0.split(separator: "=")[1].split(separator: ",").first.flatMap { Int($0) } } ?? 0
        }
        return (count("eval"), count("evalsha"))
    }
}
