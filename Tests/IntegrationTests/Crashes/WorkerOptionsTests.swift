import Foundation
import Testing

@Suite(.bounded) struct WorkerOptionsTests {
    @Test(
        arguments: [
            (["--concurrency", "0"], 64, "--concurrency must be between 1 and 1000"),
            (["--engine", "whisperer"], 64, "'whisperer' is invalid for '--engine <name>'"),
            (["--engine", "command"], 64, "needs --command"),
            (["--command", "no-such-engine"], 1, "the program no-such-engine is not found"),
            (["--command", "cksum", "--store", "/"], 1, "is a folder"),
        ] as [([String], Int32, String)])
    func `a worker that cannot work says why in one line`(
        options: [String], status: Int32, says: String
    ) async throws {
        try await Workplace.with { place in
            let end = try await place.run(Program.path, ["worker"] + options)
            #expect(end.status == status)
            #expect(end.errorLines.count == 1, "\(end.errors)")
            #expect(end.errors.contains(says), "\(end.errors)")
        }
    }

    @Test func `a worker that is stopped gives back what it holds`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: "sleep 3600")
            let file = try Recordings.bursts(4, in: place)
            let contents = StoreContents(path: place.store)
            try await place.millrace(
                ["transcribe", file, "--concurrency", "1"] + Recordings.burstChunks + engine.options
            ) { owner in
                // Or the worker, which takes four at once, may be there first and leave it none.
                try await eventually("the owner holds its chunk") { try engine.hearings().count == 1 }
                let end = try await place.millrace(["worker"] + engine.options) { worker in
                    try await eventually("the worker holds the others") {
                        try engine.hearings().count { $0.parent == worker.processID } == 3
                    }
                    worker.send(SIGTERM)
                }
                #expect(end.status == 0, "\(end.errors)")
                #expect(try await contents.held() == 1)
                #expect(try await contents.count("chunk_tasks", where: "retry_count + crashes > 0") == 0)
                owner.send(SIGINT)
            }
        }
    }
}
