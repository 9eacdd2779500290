import Foundation
import Testing

@Suite(.bounded) struct SharedStoreTests {
    @Test func `two workers and a transcribe share the chunks, and none is run twice`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 1, in: place))
            let file = try Recordings.bursts(30, in: place)
            let contents = StoreContents(path: place.store)
            let one = ["--concurrency", "1"] + engine.options
            @Sendable func work() async throws -> Ending {
                try await place.millrace(["worker"] + one) { worker in
                    try await eventually("the transcript is whole") {
                        guard try worker.errors().contains("Working on") else { return false }
                        return try await contents.count("transcripts", where: "status = 'COMPLETED'") == 1
                    }
                    worker.send(SIGTERM)
                }
            }
            async let first = work()
            async let second = work()
            try await eventually("both workers are there") {
                guard FileManager.default.fileExists(atPath: place.store) else { return false }
                return (try? await contents.count("workers")) == 2
            }
            let end = try await place.millrace(
                ["transcribe", file, "--format", "json"] + Recordings.burstChunks + one
            ) { _ in
                try await eventually("each of the three has a chunk") { try engine.hearings().count == 3 }
                try EngineScript.go(in: place)
            }
            #expect(end.status == 0, "\(end.errors)")
            for worker in try await [first, second] {
                #expect(worker.status == 0, "\(worker.errors)")
                #expect(worker.errorLines.last == "Stopped.")
            }
            let hearings = try engine.hearings()
            let shares = Dictionary(grouping: hearings, by: \.parent).mapValues(\.count)
            print("shared store: chunks by process \(shares.values.sorted())")
            #expect(shares.count == 3)
            #expect(hearings.count == 30)
            #expect(Set(hearings.map(\.checksum)).count == 30)
            #expect(try end.transcripts().first?.chunks == .init(total: 30, completed: 30, failed: 0, cached: 0))
            // Nobody holds anything any more.
            #expect(try await contents.held() == 0)
        }
    }

    @Test func `two transcribes of one recording at once share one run`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: "sleep 0.2")
            let file = try Recordings.bursts(12, in: place)
            let command = ["transcribe", file, "--concurrency", "2"] + Recordings.burstChunks + engine.options
            async let first = place.millrace(command)
            async let second = place.millrace(command)
            let (one, two) = try await (first, second)
            #expect(one.status == 0 && two.status == 0, "\(one.errors)\(two.errors)")
            #expect(!one.output.isEmpty)
            #expect(one.output == two.output)
            #expect(try engine.starts().count == 12)
        }
    }

    @Test func `a worker leaves alone what its engine cannot do`() async throws {
        try await Workplace.with { place in
            let (engine, other) = try (EngineScript(in: place), EngineScript(in: place, name: "other"))
            let file = try Recordings.bursts(3, in: place)
            try await place.millrace(["worker"] + other.options) { worker in
                try await eventually("the worker is there") { try worker.errors().contains("Working on") }
                let end = try await place.millrace(["transcribe", file] + Recordings.burstChunks + engine.options)
                #expect(end.status == 0, "\(end.errors)")
                worker.send(SIGINT)
            }
            #expect(try other.starts().isEmpty)
            #expect(try engine.starts().count == 3)
        }
    }
}
