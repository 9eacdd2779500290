import MillraceRedis
import TestServers
import Testing

/// What is said of servers that are of no use, or may forget what they must not.
@Suite(.timeLimit(.minutes(5))) struct RedisWarningTests {
    private let useless = "Going on without Redis until it can be used"

    private func warning(_ server: RedisServer, user: String = "") async throws -> RedisWarning? {
        let client = try server.client(user: user)
        defer { client.close() }
        return try await client.warning()
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `a server that is as it should be, or may evict nothing of ours, is not warned of`(
        program: RedisServer.Program
    ) async throws {
        try await RedisServer.with(program) { server in
            #expect(try await warning(server) == nil)
            // Without a limit of memory nothing is ever evicted.
            try await server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            #expect(try await warning(server) == nil)
            try await server.command("CONFIG", "SET", "maxmemory", "100mb")
            let warning = try #require(try await warning(server))
            #expect(warning.message.hasPrefix("Redis may evict what marks a write in progress"))
            #expect(warning.reason.contains("has maxmemory-policy allkeys-lru; set it to noeviction"))
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `a server that takes no writes is named, with what to do`(program: RedisServer.Program) async throws {
        try await RedisServer.with(program) { server in
            func check(_ hint: String) async throws {
                let warning = try #require(try await warning(server))
                #expect(warning.message == useless && warning.reason.contains(hint), "\(warning)")
                #expect(warning.reason.hasPrefix("redis://127.0.0.1:\(server.port)/0"), "\(warning)")
            }
            try await server.command("CONFIG", "SET", "maxmemory", "1")
            try await check("is full; raise its maxmemory")
            try await server.command("CONFIG", "SET", "maxmemory", "0")
            try await server.command("CONFIG", "SET", "min-replicas-to-write", "1")
            try await check("NOREPLICAS")
            try await server.command("CONFIG", "SET", "min-replicas-to-write", "0")
            try await server.command("REPLICAOF", "127.0.0.1", "1")
            try await check("name its primary")
        }
    }

    @Test func `a user who may not do what is needed is told so, and one who may but not ask for more is not`()
        async throws
    {
        try await RedisServer.with { server in
            let needed = "+@all -@dangerous +info ~{mr:* &{mr:*"
            for (name, rules) in [
                ("scriptless", ["~*", "&*", "+@all", "-eval"]), ("setless", ["~*", "&*", "+@all", "-set"]),
                ("elsewhere", ["~x", "&*", "+@all"]), ("dumb", ["~*", "resetchannels", "+@all"]),
            ] {
                try await allow(name, rules, server)
                let warning = try #require(try await warning(server, user: name), "\(name)")
                #expect(warning.message == useless && warning.reason.hasSuffix(needed), "\(name): \(warning)")
            }
            try await allow("enough", needed.split(separator: " ").map(String.init), server)
            #expect(try await warning(server, user: "enough") == nil)
            try await allow("blind", ["~*", "&*", "+@all", "-info"], server)
            #expect(try await warning(server, user: "blind") == nil)
        }
    }

    private func allow(_ user: String, _ rules: [String], _ server: RedisServer) async throws {
        let client = try server.client()
        defer { client.close() }
        let words = ["ACL", "SETUSER", user, "reset", "on", ">\(server.password)"] + rules
        _ = try await client.send(RedisCommand(words[0], words.dropFirst().map { .text($0) }))
    }

    @Test func `one that is not there is named, and a wrong password is no warning`() async throws {
        let nobody = try RedisClient(try RedisConfiguration("redis://127.0.0.1:1", environment: [:]))
        defer { nobody.close() }
        let warning = try #require(try await nobody.warning())
        #expect(warning.message == useless)
        #expect(warning.reason.contains("redis://127.0.0.1:1/0") && warning.reason.contains("see that it runs there"))
        let wrong = try await RedisServer.shared.client(password: "wrong")
        defer { wrong.close() }
        let error = await redisError { try await wrong.warning() }
        #expect(error?.code == .authentication)
    }
}
