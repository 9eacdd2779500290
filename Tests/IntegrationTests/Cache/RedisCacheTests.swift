import Foundation
import TestServers
import Testing

@Suite(.bounded) struct RedisCacheTests {
    private struct Line: Decodable {
        let tier: String
        let remainingSeconds: Double
        let value: String?
    }

    private struct Stats: Decodable {
        let l2Size: Int?
        let l3Count: Int
    }

    private func lines(_ output: String) throws -> [Line] {
        try output.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    /// Whether a process that looked several times found its value in a tier first, and then in its memory; a machine that
    /// is late may have it look elsewhere once more.
    private func areFound(_ tiers: [String], in tier: String) -> Bool {
        let later = Set(tiers.dropFirst())
        return tiers.first == tier && later.contains("L1") && later.isSubset(of: ["L1", tier, "L2"])
    }

    @Test func `a new process finds a value in Redis, then in its memory, and after FLUSHALL in the store`()
        async throws
    {
        try await RedisServer.with { server in
            try await Workplace.with { place in
                let redis = ["--redis", server.patientURL]
                let keys = [String](repeating: "K", count: 4)
                try await place.millrace(["cache", "put", "K", "v", "--ttl", "2h"] + redis)
                let first = try lines(try await place.millrace(["cache", "get"] + keys + ["--json"] + redis).output)
                #expect(areFound(first.map(\.tier), in: "L2"), "\(first)")
                #expect(first.allSatisfy { $0.value == "v" && $0.remainingSeconds > 7_000 })
                let text = try await place.millrace(["cache", "get"] + keys + redis).output
                #expect(areFound(text.split(separator: "\n").map { String($0.prefix(2)) }, in: "L2"), "\(text)")
                try await server.command("FLUSHALL")
                let after = try lines(try await place.millrace(["cache", "get"] + keys + ["--json"] + redis).output)
                #expect(areFound(after.map(\.tier), in: "L3"), "\(after)")
                let next = try lines(try await place.millrace(["cache", "get", "K", "--json"] + redis).output)
                #expect(next.map(\.tier) == ["L2"])
                #expect(next.allSatisfy { $0.remainingSeconds > 7_000 && $0.remainingSeconds <= 7_200 })
                let stats = try await place.millrace(["cache", "stats", "--json"] + redis).output
                let sizes = try JSONDecoder().decode(Stats.self, from: Data(stats.utf8))
                #expect(sizes.l2Size == 1 && sizes.l3Count == 1)
            }
        }
    }

    @Test func `the server may come from the environment, and without it nothing is different`() async throws {
        try await Workplace.with { place in
            let environment = ["MILLRACE_REDIS_URL": try await RedisServer.shared.patientURL]
            try await place.millrace(["cache", "put", "K", "v"], environment: environment)
            let get = ["cache", "get", "K", "K", "K", "K", "--json"]
            let with = try await place.millrace(get, environment: environment)
            #expect(areFound(try lines(with.output).map(\.tier), in: "L2"), "\(with.output)\(with.errors)")
            let without = try lines(try await place.millrace(get).output).map(\.tier)
            #expect(areFound(without, in: "L3") && !without.contains("L2"), "\(without)")
            // What is written without Redis is not found in its old form with it.
            try await place.millrace(["cache", "put", "K", "w"])
            let after = try await place.millrace(["cache", "get", "K", "--json"], environment: environment)
            #expect(try lines(after.output).map(\.value) == ["w"])
            try await place.millrace(["cache", "delete", "K"])
            #expect(try await place.millrace(["cache", "get", "K"], environment: environment).status == 1)
        }
    }

    @Test func `a wrong password and a wrong address are one clear line each`() async throws {
        try await Workplace.with { place in
            let server = try await RedisServer.shared
            let wrong = try await place.millrace([
                "cache", "get", "K", "--redis",
                server.url(password: "wrong", options: "?timeout=60s&connect_timeout=60s"),
            ])
            #expect(wrong.status == 1)
            #expect(wrong.errorLines.count == 1 && wrong.errors.contains("MILLRACE_REDIS_PASSWORD"), "\(wrong.errors)")
            #expect(!wrong.errors.contains("wrong@") && !wrong.errors.contains(server.password))
            for url in ["http://host", "redis://", "redis://host/x", "", "redis://h?color=blue"] {
                let bad = try await place.millrace(["cache", "get", "K", "--redis", url])
                #expect(bad.status == 1 && bad.errorLines.count == 1, "\(url): \(bad.errors)")
                #expect(bad.errors.contains("the Redis URL cannot be used"), "\(url): \(bad.errors)")
            }
        }
    }

    @Test func `a server that cannot be reached is a warning, and the work is done`() async throws {
        try await Workplace.with { place in
            let nobody = ["--redis", "redis://127.0.0.1:1"]
            let put = try await place.millrace(["cache", "put", "K", "v"] + nobody)
            #expect(put.status == 0 && put.errorLines.count == 1, "\(put.errors)")
            let warning = "millrace: warning: Going on without Redis until it can be used (reason=\"no connection"
            #expect(put.errors.hasPrefix(warning))
            #expect(put.errors.contains("127.0.0.1:1") && put.errors.contains("see that it runs there"))
            let log = try await place.millrace(["cache", "get", "K", "--log-format", "json"] + nobody)
            #expect(log.output == "v" && log.errors.contains(#""level":"warning","message":"Going on without Redis"#))
            let got = try await place.millrace(["cache", "get", "K", "--quiet"] + nobody)
            #expect(got.output == "v" && got.errors.isEmpty)
        }
    }

    @Test func `a server that takes no writes is a warning, and the work is done`() async throws {
        try await RedisServer.with(lines: ["maxmemory 1"]) { server in
            try await Workplace.with { place in
                let redis = ["--redis", server.patientURL]
                let put = try await place.millrace(["cache", "put", "K", "v", "--verbose"] + redis)
                #expect(put.status == 0, "\(put.errors)")
                #expect(put.errors.contains("is full; raise its maxmemory"), "\(put.errors)")
                #expect(put.errors.contains(#"millrace: debug: Changed the cache (L1="done, 1 changed" L2="skipped: "#))
                let got = try await place.millrace(["cache", "get", "K", "--quiet"] + redis)
                #expect(got.output == "v" && got.errors.isEmpty)
            }
        }
    }

    @Test func `a worker tells when Redis goes and when it is back, and more if it is to`() async throws {
        try await RedisServer.with { server in
            try await Workplace.with { place in
                let engine = try EngineScript(in: place)
                let worker = ["worker", "--verbose", "--redis", server.url()] + engine.options
                let ending = try await place.millrace(worker) { worker in
                    defer { worker.send(SIGTERM) }
                    func lines(_ message: String, level: String = "debug") throws -> Int {
                        let start = "millrace: \(level): \(message) ("
                        return try worker.errors().split(separator: "\n").count { $0.hasPrefix(start) }
                    }
                    try await eventually("it has come") { try lines("Connected to Redis") > 0 }
                    try await server.crash()
                    try await eventually("it has gone") { try lines("Lost the connection to Redis") > 0 }
                    let before = try lines("Connected to Redis")
                    let told = "Redis is out of reach; trying until it is back"
                    try await eventually("it is told of") { try lines(told, level: "warning") > 0 }
                    try await server.start()
                    try await eventually("it is back") { try lines("Connected to Redis") > before }
                    try await eventually("that is told of") { try lines("Redis is back", level: "warning") > 0 }
                    #expect(try lines(told, level: "warning") == 1)
                }
                #expect(ending.status == 0 && !ending.errors.contains(server.password), "\(ending.errors)")
            }
        }
    }

    @Test func `no password that stands in an address is printed`() async throws {
        try await Workplace.with { place in
            let server = try await RedisServer.shared
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 1, in: place))
            let recording = try Recordings.bursts(2, in: place)
            let stopped = try await place.millrace(
                ["transcribe", recording, "--redis", server.patientURL] + engine.options
            ) { running in
                try await eventually("it works") { try !engine.starts().isEmpty }
                running.send(SIGINT)
            }
            #expect(stopped.status == 130 && !stopped.errors.contains(server.password), "\(stopped.errors)")
            #expect(stopped.errorLines.last == "To go on, run the same command again")
            let detach = ["transcribe", "--detach", recording, "--redis", server.patientURL] + engine.options
            try await place.millrace(detach)
            let listed = try await place.millrace(["jobs", "list", "--limit", "1", "--redis", server.patientURL])
            #expect(listed.errorLines.last?.hasPrefix("There may be more: the same command with --after ") == true)
            #expect(!listed.errors.contains(server.password), "\(listed.errors)")
        }
    }

    @Test func `a server that may evict what it must not is named`() async throws {
        try await RedisServer.with(lines: ["maxmemory 100mb", "maxmemory-policy volatile-lru"]) { server in
            try await Workplace.with { place in
                let put = try await place.millrace([
                    "cache", "put", "K", "v", "--redis", server.patientURL,
                ])
                #expect(put.status == 0 && put.errors.contains("maxmemory-policy volatile-lru"), "\(put.errors)")
                #expect(put.errorLines.count == 1)
            }
        }
    }

    @Test func `a writer that is killed at any moment leaves no old value in Redis`() async throws {
        try await Workplace.with { place in
            let redis = ["--redis", try await RedisServer.shared.patientURL]
            let begun = ContinuousClock.now
            try await place.millrace(["cache", "put", "K", "first"] + redis)
            let usual = begun.duration(to: .now)
            var (number, killed) = (0, 0)
            // On until one comes to its end, should all be slower than the first was.
            while number < 40 || killed == number {
                // From its first moment to a little after its usual end.
                let wait = usual * number / 30
                let ending = try await place.millrace(["cache", "put", "K", "\(number)"] + redis) { running in
                    try await Task.sleep(for: wait)
                    if !running.hasEnded { running.send(SIGKILL) }
                }
                if ending.status != 0 { killed += 1 }
                let truth = try await place.millrace(["cache", "get", "K"]).output
                let seen = try await place.millrace(["cache", "get", "K"] + redis).output
                #expect(seen == truth, "after try \(number)")
                number += 1
            }
            print("killed \(killed) of \(number)")
            #expect(killed > 0)
        }
    }
}
