import Foundation
import Testing

@Suite(.bounded) struct ProcessingsCommandTests {
    private struct Chunk: Decodable {
        let processing: String
        let index: Int
        let start: Double
        let end: Double
        let status: String
        let error: String?
    }

    @Test func `list and show tell of runs and their chunks`() async throws {
        try await Workplace.with { place in
            let empty = try await place.millrace(["processings", "list"])
            #expect(empty.status == 0 && empty.output.isEmpty && empty.errors == "There are no runs yet.\n")
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(3, in: place)
            let command = ["transcribe", file] + Recordings.burstChunks + engine.options
            try await place.millrace(command)
            try engine.refuse(try #require(engine.hearings().first).checksum)
            #expect(try await place.millrace(command + ["--no-cache"]).status == 2)
            let runs = try await place.processings()
            #expect(runs.map(\.status) == ["PARTIAL", "COMPLETED"])
            #expect(runs.map(\.chunks.failed) == [1, 0] && runs.map(\.chunks.completed) == [2, 3])
            #expect(try await place.processings("--status", "partial").map(\.id) == [runs[0].id])
            #expect(try await place.processings("--limit", "1", "--after", runs[0].id).map(\.id) == [runs[1].id])
            let table = try await place.millrace(["processings", "list"]).output
            #expect(table.contains("2/3") && table.contains("3/3") && table.contains(file))
            let shown = try await place.millrace(["processings", "show", runs[0].id, "--json"])
            let lines = shown.output.split(separator: "\n")
            #expect(lines.count == 4)
            let chunks = try lines.dropFirst().map { try JSONDecoder().decode(Chunk.self, from: Data($0.utf8)) }
            #expect(chunks.map(\.index) == [0, 1, 2] && chunks.allSatisfy { $0.processing == runs[0].id })
            #expect(chunks.map(\.start) == [0, 1.5, 3] || chunks.allSatisfy { $0.end > $0.start })
            #expect(chunks.count { $0.status == "FAILED" && $0.error?.contains("cannot hear") == true } == 1)
            let text = try await place.millrace(["processings", "show", runs[0].id]).output
            #expect(text.contains("PARTIAL, 2 of 3 chunks, 1 failed") && text.contains("cannot hear"), "\(text)")
        }
    }

    @Test func `watch follows a run to its end and ends with its status`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 1, in: place))
            let file = try Recordings.bursts(2, in: place)
            let run = try await place.millrace(["transcribe", file] + Recordings.burstChunks + engine.options) { _ in
                try await eventually("the engine runs") { try !engine.starts().isEmpty }
                let id = try #require(try await place.processings().first).id
                let stopped = try await place.millrace(["processings", "watch", id]) { watcher in
                    try await eventually("it shows something") { try !watcher.errors().isEmpty }
                    watcher.send(SIGINT)
                }
                #expect(stopped.status == 130)
                let end = try await place.millrace(["processings", "watch", id]) { watcher in
                    try await eventually("it shows something") { try !watcher.errors().isEmpty }
                    try EngineScript.go(in: place)
                }
                #expect(end.status == 0 && end.output.isEmpty)
                #expect(end.errors.contains("0/2 chunks"), "\(end.errors)")
                #expect(end.errorLines.last == "bursts.wav: COMPLETED, 2 of 2 chunks", "\(end.errors)")
            }
            #expect(run.status == 0, "\(run.errors)")
        }
    }

    @Test func `cancel ends a run, its transcript and its watchers`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: "sleep 600")
            let file = try Recordings.bursts(2, in: place)
            let run = try await place.millrace(["transcribe", file] + Recordings.burstChunks + engine.options) { _ in
                try await eventually("the engine runs") { try engine.starts().count == 2 }
                let id = try #require(try await place.processings().first).id
                let end = try await place.millrace(["processings", "watch", id]) { watcher in
                    try await eventually("it shows something") { try !watcher.errors().isEmpty }
                    let cancelled = try await place.millrace(["processings", "cancel", id])
                    #expect(cancelled.status == 0 && cancelled.errors.isEmpty, "\(cancelled.errors)")
                }
                #expect(end.status == 1 && end.errors.contains("CANCELLED, 0 of 2 chunks"), "\(end.errors)")
                let again = try await place.millrace(["processings", "cancel", id])
                #expect(again.status == 1 && again.errors.contains("it is CANCELLED"), "\(again.errors)")
            }
            #expect(run.status == 1 && run.errors.contains("the run was cancelled"), "\(run.errors)")
            try await eventually("no engine is left") { try engine.survivors().isEmpty }
            let list = try await place.millrace(["transcripts", "list"])
            #expect(list.output.contains("CANCELLED"))
        }
    }

    @Test(arguments: ["show", "watch", "cancel"])
    func `a run that is not there is one clear line`(command: String) async throws {
        try await Workplace.with { place in
            for id in ["nonsense", "01890a5d-ac96-774b-bcce-b302099a8057"] {
                let end = try await place.millrace(["processings", command, id])
                #expect(end.status == 1 && end.errorLines.count == 1 && end.output.isEmpty)
                #expect(end.errors.contains("see millrace processings list"), "\(end.errors)")
            }
        }
    }
}
