import Foundation
import Testing

/// `transcribe --detach`, and the worker that does the work.
@Suite(.bounded) struct DetachedTests {
    private func engine(_ place: Workplace, before: String = ":") throws -> EngineScript {
        try EngineScript(in: place, before: before)
    }

    private func detach(
        _ files: [String], _ engine: EngineScript, in place: Workplace, _ options: [String] = []
    ) async throws -> [String] {
        let end = try await place.millrace(
            ["transcribe"] + files + ["--detach"] + options + Recordings.burstChunks + engine.options)
        #expect(end.status == 0, "\(end.errors)")
        return end.output.split(separator: "\n").map(String.init)
    }

    @Test func `detach prints the ids alone, and a worker makes the transcripts`() async throws {
        try await Workplace.with { place in
            let engine = try engine(place)
            let files = try (1...3).map { try Recordings.bursts($0, in: place, name: "\($0).wav", seed: UInt64($0)) }
            let ids = try await detach(files, engine, in: place, ["--priority", "3"])
            #expect(ids.count == 3 && Set(ids).count == 3)
            #expect(try engine.starts().isEmpty)
            for id in ids {
                let job = try await place.job(id)
                #expect(job.type == "transcribe" && job.status == "QUEUED" && job.priority == 3)
            }
            try await place.millrace(["worker"] + engine.options) { worker in
                for id in ids {
                    try await eventually("job \(id) is done") { try await place.job(id).status == "COMPLETED" }
                }
                worker.send(SIGTERM)
            }
            for (number, id) in ids.enumerated() {
                let result = try #require(try await place.job(id).result)
                #expect(result.status == "COMPLETED")
                let shown = try await place.millrace(["transcripts", "show", result.transcriptID, "--json"])
                #expect(try shown.transcripts().first?.source == files[number])
                #expect(try shown.transcripts().first?.chunks.completed == number + 1)
            }
        }
    }

    @Test func `nothing is enqueued when one recording cannot be read`() async throws {
        try await Workplace.with { place in
            let engine = try engine(place)
            let file = try Recordings.bursts(1, in: place)
            let text = try place.write("no sound", to: "notes.txt")
            let end = try await place.millrace(
                ["transcribe", file, place.path("missing.wav"), text, "--detach"] + engine.options)
            #expect(end.status == 1 && end.output.isEmpty)
            #expect(end.errorLines.count == 2, "\(end.errors)")
            #expect(end.errors.contains("missing.wav") && end.errors.contains("notes.txt"))
            let list = try await place.millrace(["jobs", "list"])
            #expect(list.status == 0 && list.output.isEmpty && list.errors == "There are no jobs yet.\n")
        }
    }

    @Test(
        arguments: [
            (["--output", "x.txt"], 64, "--output is not for --detach"),
            (["--prometheus", "http://127.0.0.1:1"], 64, "--prometheus is not for --detach"),
            (["--priority", "4"], 64, "--priority"), (["--language", "xx"], 1, "language"),
        ] as [([String], Int32, String)])
    func `senseless options are one clear line`(options: [String], status: Int32, says: String) async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(1, in: place)
            let end = try await place.millrace(["transcribe", file, "--detach"] + options)
            #expect(end.status == status)
            #expect(end.errorLines.count == 1 && end.errors.contains(says), "\(end.errors)")
            #expect(end.output.isEmpty)
        }
    }

    @Test func `a job that is cancelled stops the engine within a second and its run with it`() async throws {
        try await Workplace.with { place in
            let engine = try engine(place, before: "sleep 600")
            let id = try #require(
                try await detach([Recordings.bursts(2, in: place)], engine, in: place).first)
            try await place.millrace(["worker"] + engine.options) { worker in
                try await eventually("the engine runs") { try engine.hearings().count == 2 }
                let run = try #require(try await place.processings().first)
                #expect(run.status == "PROCESSING")
                let end = try await place.millrace(["jobs", "cancel", id])
                #expect(end.status == 0 && end.errors.isEmpty, "\(end.errors)")
                try await eventually("the engine is stopped") { try engine.survivors().isEmpty }
                #expect(try await place.job(id).status == "CANCELLED")
                #expect(try await place.processings().map(\.status) == ["CANCELLED"])
                worker.send(SIGTERM)
            }
        }
    }

    @Test func `a killed worker's job is finished by the next, and nothing is planned twice`() async throws {
        try await Workplace.with { place in
            let engine = try engine(place, before: EngineScript.waiting(fromStart: 1, in: place))
            let id = try #require(
                try await detach([Recordings.bursts(3, in: place)], engine, in: place).first)
            try await place.millrace(["worker"] + engine.options) { worker in
                try await eventually("the engine runs") { try !engine.hearings().isEmpty }
                worker.send(SIGKILL)
            }
            try EngineScript.go(in: place)
            try await place.millrace(["worker"] + engine.options) { worker in
                try await eventually("the job is done") { try await place.job(id).status == "COMPLETED" }
                worker.send(SIGTERM)
            }
            #expect(try await place.processings().count == 1)
        }
    }
}
