import Foundation
import Testing

@Suite(.bounded) struct CacheCommandTests {
    private struct Line: Decodable {
        let key: String
        let tier: String
        let remainingSeconds: Double
        let bytes: Int
        let value: String?
        let base64: String?
    }

    private struct Stats: Decodable {
        struct Tier: Decodable {
            let hits: Int
            let misses: Int
            let hitRatio: Double?
        }

        let l3Count: Int
        let tiers: [String: Tier]
    }

    @Test func `a value is got as it was put, byte for byte`() async throws {
        try await Workplace.with { place in
            #expect(try await place.millrace(["cache", "put", "greeting", "grüß Gott"]).output.isEmpty)
            let got = try await place.millrace(["cache", "get", "greeting"])
            #expect(got.status == 0 && got.output == "grüß Gott" && got.errors.isEmpty)
            let fromInput = try await place.run(
                "/bin/sh",
                ["-c", "printf 'a\\000b\\n' | \"$0\" cache put bytes --store \"$1\"", Program.path, place.store])
            #expect(fromInput.status == 0, "\(fromInput.errors)")
            let bytes = try await place.run(
                "/bin/sh", ["-c", "\"$0\" cache get bytes --store \"$1\" | od -An -tx1", Program.path, place.store])
            #expect(bytes.output.split(separator: " ").joined(separator: " ") == "61 00 62 0a\n")
        }
    }

    @Test func `get as JSON names the tier and what remains`() async throws {
        try await Workplace.with { place in
            try await place.millrace(["cache", "put", "k", "v", "--ttl", "2h"])
            let text = try await place.millrace(["cache", "get", "k", "--json"]).output
            let line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
            #expect(line.key == "k" && line.tier == "L3" && line.bytes == 1 && line.value == "v" && line.base64 == nil)
            #expect(line.remainingSeconds > 7_000 && line.remainingSeconds <= 7_200)
        }
    }

    @Test func `a key that is not there is one clear line and status 1`() async throws {
        try await Workplace.with { place in
            for verb in ["get", "delete"] {
                let ending = try await place.millrace(["cache", verb, "missing"])
                #expect(ending.status == 1 && ending.output.isEmpty)
                #expect(ending.errors == "millrace: there is no value under missing\n")
            }
            try await place.millrace(["cache", "put", "short", "v", "--ttl", "0.001"])
            #expect(
                try await place.millrace(["cache", "get", "short"]).status == 1, "an expired one is not there either")
        }
    }

    @Test func `delete removes one value, invalidate those that match`() async throws {
        try await Workplace.with { place in
            for key in ["user:1", "user:2", "user_3", "other"] { try await place.millrace(["cache", "put", key, "v"]) }
            #expect(try await place.millrace(["cache", "delete", "other"]).status == 0)
            #expect(try await place.millrace(["cache", "get", "other"]).status == 1)
            #expect(try await place.millrace(["cache", "invalidate", "user:[0-9]"]).output == "2\n")
            #expect(try await place.millrace(["cache", "invalidate", "user:*"]).output == "0\n")
            #expect(try await place.millrace(["cache", "get", "user_3"]).output == "v")
        }
    }

    @Test(
        arguments: [
            (["invalidate", "user:["], "a [ without its ]"), (["invalidate", "x\\"], "ends in \\"),
            (["invalidate", "[z-a]"], "the wrong way round"), (["get", ""], "must not be empty"),
            (["put", "a\nb", "v"], "control characters"), (["put", "k", "v", "--ttl", "soon"], "--ttl must be"),
            (["put", "k", "v", "--ttl", "0"], "--ttl must be positive"),
            (["put", "k", "v", "--ttl", "1e9d"], "100 years"),
        ] as [([String], String)])
    func `what makes no sense is wrong usage, in one line`(arguments: [String], reason: String) async throws {
        try await Workplace.with { place in
            let ending = try await place.millrace(["cache"] + arguments)
            #expect(ending.status == 64)
            #expect(ending.errorLines.count == 1 && ending.errors.contains(reason), "\(ending.errors)")
            #expect(!FileManager.default.fileExists(atPath: place.store))
        }
    }

    @Test func `stats add up over the processes that used the store`() async throws {
        try await Workplace.with { place in
            for key in ["a", "b"] { try await place.millrace(["cache", "put", key, "v"]) }
            for key in ["a", "a", "b", "missing"] { try await place.millrace(["cache", "get", key]) }
            let text = try await place.millrace(["cache", "stats", "--json"]).output
            let stats = try JSONDecoder().decode(Stats.self, from: Data(text.utf8))
            #expect(stats.l3Count == 2)
            #expect(stats.tiers["L3"]?.hits == 3 && stats.tiers["L3"]?.misses == 1)
            #expect(stats.tiers["L3"]?.hitRatio == 0.75)
            let table = try await place.millrace(["cache", "stats"]).output.split(separator: "\n").map(String.init)
            #expect(table.first == "2 values in the store")
            #expect(table.last?.hasPrefix("L3") == true && table.last?.contains("75.0 %") == true)
        }
    }

    @Test func `a run's results are among the values, and can be invalidated`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(2, in: place)
            let command = ["transcribe", file, "--command", "cksum", "--format", "json"] + Recordings.burstChunks
            #expect(try await place.millrace(command).transcripts().first?.chunks.cached == 0)
            #expect(try await place.millrace(command).transcripts().first?.chunks.cached == 2)
            #expect(try await place.millrace(["cache", "invalidate", "chunk:*"]).output == "2\n")
            #expect(try await place.millrace(command).transcripts().first?.chunks.cached == 0)
        }
    }
}
