import MillraceRedis
import TestServers
import Testing

/// The errors of real servers, by their codes.
@Suite(.timeLimit(.minutes(5))) struct RedisServerErrorTests {
    @Test func `a server without memory refuses writes and goes on reading`() async throws {
        try await RedisServer.with { server in
            let client = try server.client()
            defer { client.close() }
            _ = try await client.send(RedisCommand("CONFIG SET", "maxmemory", 1, "maxmemory-policy", "noeviction"))
            let error = await redisError { try await client.send(RedisCommand("SET", "secret", "hush")) }
            #expect(error?.code == .server(.outOfMemory))
            #expect(error?.description.contains("hush") == false && error?.description.contains("secret") == false)
            #expect(try await client.send(RedisCommand("GET", "secret")) == .null)
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `a server that reads its data from the disk says so, until it is done`(
        program: RedisServer.Program
    ) async throws {
        try await RedisServer.with(program) { server in
            let (loader, client) = (try server.client(), try server.client())
            defer {
                loader.close()
                client.close()
            }
            _ = try await client.send(RedisCommand("DEBUG POPULATE", 1_000, "key", 1_000))
            _ = try await client.send(
                RedisCommand("CONFIG SET", "key-load-delay", 20_000, "loading-process-events-interval-bytes", 1_024))
            async let reload = loader.send(RedisCommand("DEBUG RELOAD"), timeout: .seconds(100))
            try await eventually {
                await code(of: { try await client.send(RedisCommand("GET", "key:1"), timeout: .seconds(30)) })
                    == .server(.loading)
            }
            _ = try await client.send(RedisCommand("CONFIG SET", "key-load-delay", 0), timeout: .seconds(30))
            let reply = try await reload
            #expect(reply.text == "OK")
            _ = try await client.send(RedisCommand("GET", "key:1"), timeout: .seconds(30))
        }
    }

    @Test func `a script that does not end keeps others from the server, and says so`() async throws {
        try await RedisServer.with(lines: ["busy-reply-threshold 10"]) { server in
            let (runner, client) = (try server.client(), try server.client())
            defer {
                runner.close()
                client.close()
            }
            _ = try await client.send(RedisCommand("PING"))
            async let endless = runner.run(RedisScript("while true do end"), keys: [], timeout: .seconds(100))
            try await eventually {
                await code(of: { try await client.send(RedisCommand("GET", "k"), timeout: .seconds(30)) })
                    == .server(.busy)
            }
            _ = try await client.send(RedisCommand("SCRIPT KILL"), timeout: .seconds(30))
            do {
                _ = try await endless
                Issue.record("an endless script ended")
            } catch let error as RedisError {
                #expect(error.code != .timedOut)
            }
        }
    }

    @Test func `a server that became a replica is left for the one that its name leads to now`() async throws {
        try await RedisServer.with { server in
            let (owner, client) = (try server.client(), try server.client())
            defer {
                owner.close()
                client.close()
            }
            _ = try await client.send(RedisCommand("SET", "k", "1"))
            _ = try await owner.send(RedisCommand("REPLICAOF", "127.0.0.1", 1))
            // One that was made a moment ago is kept.
            try await eventually {
                let error = await redisError { try await client.send(RedisCommand("SET", "k", "2")) }
                #expect(error?.code == .server(.readOnly))
                try await Task.sleep(for: .milliseconds(20))
                return client.generation > 1 || !client.statistics.isConnected
            }
            _ = try await owner.send(RedisCommand("REPLICAOF", "NO", "ONE"))
            #expect(try await client.send(RedisCommand("SET", "k", "3"), timeout: .seconds(30)).text == "OK")
            #expect(client.generation == 2)
        }
    }

    @Test(arguments: [
        ("", "wrong", 0, "MILLRACE_REDIS_PASSWORD"), ("ann", "wrong", 0, "MILLRACE_REDIS_PASSWORD"),
        ("nobody", nil, 0, "MILLRACE_REDIS_PASSWORD"), ("ann", nil, 2, "may not"),
    ])
    func `who may not in is told in one clear line, at once and without the password`(
        user: String, password: String?, database: Int, hint: String
    ) async throws {
        let server = try await RedisServer.shared
        let client = try server.client(user: user, password: password, database: database)
        defer { client.close() }
        for _ in 0..<3 {
            let error = await redisError { try await client.send(RedisCommand("PING"), timeout: .seconds(60)) }
            let line = error?.description ?? ""
            #expect(error?.code == .authentication && line.contains(hint), "\(line)")
            #expect(!line.contains("\n") && !line.contains("wrong") && !line.contains(server.password))
        }
    }

    @Test func `a password that is not in the URL comes from the environment`() async throws {
        let server = try await RedisServer.shared
        let url = "redis://127.0.0.1:\(server.port)?connect_timeout=30s"
        let without = try RedisClient(try RedisConfiguration(url, environment: [:]))
        defer { without.close() }
        let error = await redisError { try await without.send(RedisCommand("PING"), timeout: .seconds(30)) }
        #expect(error?.code == .authentication)
        for name in ["MILLRACE_REDIS_PASSWORD", "REDISCLI_AUTH"] {
            let client = try RedisClient(try RedisConfiguration(url, environment: [name: server.password]))
            #expect(try await client.send(RedisCommand("PING"), timeout: .seconds(30)).text == "PONG")
            client.close()
        }
    }

    @Test func `a user of the access lists may do what is allowed`() async throws {
        let server = try await RedisServer.shared
        let client = try server.client(user: "ann")
        defer { client.close() }
        #expect(try await client.send(RedisCommand("GET", "ann:x")) == .null)
        let error = await redisError { try await client.send(RedisCommand("GET", "bob:x")) }
        #expect(error?.code == .server(.noPermission))
    }
}
