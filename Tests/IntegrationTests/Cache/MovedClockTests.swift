import Foundation
import Synchronization
import TestServers
import Testing

/// Processes whose clocks are an hour wrong, or set by an hour while they run, over a store and a Redis server whose
/// clocks are right.
///
/// PostgreSQL says what time it is. A file cannot: there everybody goes by the clock of the host, which is one for all
/// processes of a file; so beside a file all are wrong by the same.
@Suite(.bounded) struct MovedClockTests {
    private static let offsets = ["-1h", "+0", "+1h"]

    private struct Line: Decodable {
        let key: String
        let tier: String
        let remainingSeconds: Double
    }

    private func lines(_ output: String) throws -> [Line] {
        try output.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    private func clocks(in place: Workplace, _ offsets: [String] = Self.offsets) async throws -> [MovedClock] {
        var clocks: [MovedClock] = []
        for offset in offsets { clocks.append(try await MovedClock(in: place, offset)) }
        return clocks
    }

    /// Puts a value by each writer, and has all of them read by each reader.
    ///
    /// - Returns: the lines of each reader.
    private func exchange(
        _ name: String, ttl: String, _ clocks: [MovedClock], in place: Workplace, _ redis: [String],
        meanwhile: () async throws -> Void = {}
    ) async throws -> [[Line]] {
        let keys = clocks.indices.map { "\(name):\($0)" }
        for (key, clock) in zip(keys, clocks) {
            let put = try await place.millrace(
                ["cache", "put", key, "v", "--ttl", ttl] + redis, by: clock)
            #expect(put.status == 0 && put.errors.isEmpty, "\(put.errors)")
        }
        try await meanwhile()
        var read: [[Line]] = []
        for clock in clocks {
            let got = try await place.millrace(
                ["cache", "get", "--json"] + keys + keys + redis, by: clock)
            read.append(try lines(got.output))
        }
        return read
    }

    @Test func `with PostgreSQL a value is served until its expiry by the server's clock, and no longer`()
        async throws
    {
        try await Workplace.withPostgres { place, contents in
            let redis = ["--redis", try await RedisServer.shared.patientURL]
            let clocks = try await clocks(in: place)
            let long = try await exchange("long", ttl: "30m", clocks, in: place, redis)
            #expect(long.allSatisfy { $0.count == 6 }, "each reader finds each value twice: \(long)")
            #expect(long.joined().allSatisfy { (600...1_800).contains($0.remainingSeconds) }, "\(long)")
            #expect(Set(long.joined().map(\.tier)).isSuperset(of: ["L1", "L2"]), "\(long)")
            let read = try await exchange("short", ttl: "1s", clocks, in: place, redis) {
                try await eventually("they have expired") {
                    try await contents.count("cache_entries", where: "cache_key ~ 'short' AND expires_at > now()") == 0
                }
            }
            #expect(read.allSatisfy { $0.isEmpty }, "\(read)")
        }
    }

    @Test(arguments: ["-1h", "+1h"])
    func `beside a file, on a host whose clock is wrong, a value is served until its expiry and no longer`(
        offset: String
    ) async throws {
        try await Workplace.with { place in
            let redis = ["--redis", try await RedisServer.shared.patientURL]
            let clocks = try await clocks(in: place, [offset, offset])
            let long = try await exchange("long", ttl: "30m", clocks, in: place, redis)
            #expect(long.allSatisfy { $0.count == 4 }, "each reader finds each value twice: \(long)")
            #expect(long.joined().allSatisfy { (600...1_800).contains($0.remainingSeconds) }, "\(long)")
            #expect(Set(long.joined().map(\.tier)).isSuperset(of: ["L1", "L2"]), "\(long)")
            let read = try await exchange("short", ttl: "1s", clocks, in: place, redis) {
                try await Task.sleep(for: .seconds(1))
            }
            #expect(read.allSatisfy { $0.isEmpty }, "\(read)")
        }
    }

    @Test(arguments: [true, false], [["-1h", "+1h"], ["+1h", "-1h"]])
    func `a process whose clock is set while it runs sees within two seconds what others write`(
        overPostgres: Bool, offsets: [String]
    ) async throws {
        @Sendable func check(_ place: Workplace) async throws {
            let redis = ["--redis", try await RedisServer.shared.patientURL]
            let own = try await MovedClock(in: place, offsets[0])
            let other = try await MovedClock(in: place, offsets[1])
            try await place.millrace(["cache", "put", "K", "old" + SlowReading.filler] + redis)
            let keys = [String](repeating: "K", count: 64)
            try await SlowReading.run(
                ["cache", "get"] + keys + redis, in: place, environment: own.environment
            ) { lines in
                #expect(try await lines.line()?.contains("old") == true)
                // At once, unless the machine is late.
                try await eventually("memory answers") {
                    let line = try #require(try await lines.line())
                    #expect(line.contains("old"))
                    return line.hasPrefix("L1")
                }
                try own.set(offsets[1])
                let put = try await place.millrace(
                    ["cache", "put", "K", "new" + SlowReading.filler] + redis, by: other)
                #expect(put.status == 0, "\(put.errors)")
                // The bound itself.
                try await Task.sleep(for: .seconds(2))
                // Looked up before, perhaps.
                _ = try await lines.line()
                for _ in 0..<2 { #expect(try await lines.line()?.contains("new") == true) }
            }
        }
        if overPostgres {
            try await Workplace.withPostgres { place, _ in try await check(place) }
        } else {
            try await Workplace.with(check)
        }
    }

    @Test(arguments: [["-1h", "+1h"], ["+1h", "-1h"]])
    func `a process whose clock is set while it runs serves nothing out of memory past its expiry`(
        offsets: [String]
    ) async throws {
        try await Workplace.withPostgres { place, contents in
            let redis = ["--redis", try await RedisServer.shared.patientURL]
            var hadMemory = false
            // Longer if the machine is so slow that it has expired before it was read.
            for ttl in ["4s", "15s", "60s"] where !hadMemory {
                let own = try await MovedClock(in: place, offsets[0])
                let put = ["cache", "put", "K", SlowReading.filler, "--ttl", ttl] + redis
                try await place.millrace(put, by: own)
                let keys = [String](repeating: "K", count: 8)
                let seen = Mutex<[String]>([])
                try await SlowReading.run(
                    ["cache", "get"] + keys + redis, in: place, environment: own.environment
                ) { lines in
                    for _ in 0..<2 {
                        if let line = try await lines.line() { seen.withLock { $0.append(line) } }
                    }
                    try own.set(offsets[1])
                    try await eventually("it has expired") {
                        try await contents.count("cache_entries", where: "expires_at > now()") == 0
                    }
                    // Looked up before, perhaps.
                    _ = try await lines.line()
                    #expect(try await lines.line() == nil)
                }
                hadMemory = seen.withLock { $0.count == 2 && $0[1].hasPrefix("L1") }
            }
            #expect(hadMemory)
        }
    }
}
