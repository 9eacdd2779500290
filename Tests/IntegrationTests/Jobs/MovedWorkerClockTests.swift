import Foundation
import TestServers
import Testing

@Suite(.bounded) struct MovedWorkerClockTests {
    @Test func `workers whose clocks are set by an hour lose no job and run none twice`() async throws {
        try await Workplace.withPostgres { place, contents in
            let redis = ["--redis", try await RedisServer.shared.patientURL]
            let server = contents.schema.server
            let schema = contents.schema.name
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 1, in: place))
            let begun = try await server.psql("SELECT now()")
            for (number, offset) in ["-1h", "+0", "+1h"].enumerated() {
                let recording = try Recordings.bursts(4, in: place, name: "\(number).wav", seed: UInt64(number))
                let detached = try await place.millrace(
                    ["transcribe", "--detach", recording] + Recordings.burstChunks + engine.options + redis,
                    by: try await MovedClock(in: place, offset))
                #expect(detached.status == 0, "\(detached.errors)")
            }
            #expect(try await contents.count("processing_jobs", where: "created_at BETWEEN '\(begun)' AND now()") == 3)

            var clocks: [MovedClock] = []
            for offset in ["+0", "+0", "+1h"] { clocks.append(try await MovedClock(in: place, offset)) }
            try await withThrowingTaskGroup(of: Ending.self) { [clocks] group in
                for clock in clocks {
                    group.addTask {
                        try await place.millrace(
                            ["worker", "--concurrency", "2"] + engine.options + redis, by: clock
                        ) { worker in
                            defer { worker.send(SIGTERM) }
                            try await eventually(within: .seconds(720), "all is done") {
                                try await contents.count("transcripts", where: "status = 'COMPLETED'") == 3
                            }
                        }
                    }
                }
                try await eventually("every worker holds what it can") { try engine.starts().count >= 6 }
                try clocks[0].set("+1h")
                try clocks[1].set("-1h")
                try clocks[2].set("-1h")
                // Longer than a lease is, by the server's clock, and all have renewed theirs.
                let moved = try await server.psql("SELECT now()")
                try await eventually("the leases have been renewed") {
                    let leased = "lease_until > timestamptz '\(moved)' + interval '22 s'"
                    return try await contents.count("workers", where: leased) == 3
                }
                #expect(try await contents.count("workers") == 3)
                #expect(try engine.starts().count == 6)
                try EngineScript.go(in: place)
                for try await end in group { #expect(end.status == 0, "\(end.errors)") }
            }
            #expect(try engine.starts().count == 12, "each chunk once")
            #expect(try await contents.count("chunk_tasks", where: "status = 'COMPLETED' AND crashes = 0") == 12)
            #expect(try await contents.count("processing_jobs") == 6)
            #expect(try await contents.count("processing_jobs", where: "status = 'COMPLETED' AND crashes = 0") == 6)
            #expect(try await server.psql("SELECT sum(retry_count) FROM \(schema).chunk_tasks") == "0")
        }
    }
}
