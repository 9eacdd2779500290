import Foundation
import Testing

@Suite(.bounded) struct TranscriptsCommandTests {
    private struct Summary: Decodable {
        let id: String
        let status: String
        let source: String
        let duration: Double
        let chunks: PrintedTranscript.Chunks
    }

    private func summaries(_ ending: Ending) throws -> [Summary] {
        try ending.output.split(separator: "\n").map { try JSONDecoder().decode(Summary.self, from: Data($0.utf8)) }
    }

    @Test func `list shows every transcript, newest first, as a table or as JSON`() async throws {
        try await Workplace.with { place in
            let empty = try await place.millrace(["transcripts", "list"])
            #expect(empty.status == 0 && empty.output.isEmpty)
            #expect(empty.errors == "There are no transcripts yet.\n")
            let emptyJSON = try await place.millrace(["transcripts", "list", "--json"])
            #expect(emptyJSON.status == 0 && emptyJSON.output.isEmpty && emptyJSON.errors.isEmpty)

            let files = try ["a.wav", "b\n.wav"].enumerated().map { index, name in
                try Recordings.bursts(index + 1, in: place, name: name)
            }
            for file in files {
                try await place.millrace(["transcribe", file, "--command", "cksum"] + Recordings.burstChunks)
            }
            let table = try await place.millrace(["transcripts", "list"]).output.split(separator: "\n")
            #expect(table.count == 3)
            #expect(table.first?.hasPrefix("ID ") == true)
            #expect(table.dropFirst().first?.contains("COMPLETED") == true)
            #expect(table.dropFirst().first?.hasSuffix("b?.wav") == true)
            let json = try await summaries(place.millrace(["transcripts", "list", "--json"]))
            #expect(json.map(\.source) == files.reversed())
            #expect(json.map(\.duration) == [3, 1.5])
            #expect(json.map(\.chunks.total) == [2, 1])
        }
    }

    @Test func `show and export give what transcribe printed`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(2, in: place)
            let command = ["transcribe", file, "--command", "cksum"] + Recordings.burstChunks
            let text = try await place.millrace(command)
            let list = try await place.millrace(["transcripts", "list", "--json"])
            let id = try #require(summaries(list).first).id
            #expect(try await place.millrace(["transcripts", "show", id]).output == text.output)
            let shown = try await place.millrace(["transcripts", "show", id, "--json"]).transcripts()
            #expect(shown.map(\.id) == [id])
            #expect(shown.first?.segments.count == 2)
            for format in ["txt", "vtt", "srt", "json"] {
                let printed = try await place.millrace(["transcripts", "export", id, "--format", format])
                #expect(printed.status == 0 && !printed.output.isEmpty)
                let written = try await place.millrace(
                    ["transcripts", "export", id, "--format", format, "--output", "out.\(format)"])
                #expect(written.status == 0 && written.output.isEmpty, "\(written.errors)")
                #expect(try place.text("out.\(format)") == printed.output)
            }
            #expect(try place.text("out.txt") == text.output)
            let over = try await place.millrace(["transcripts", "export", id, "--output", file])
            #expect(over.status == 1 && over.errorLines.count == 1)
        }
    }

    @Test func `delete takes the cached results along`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(3, in: place)
            let command = ["transcribe", file] + Recordings.burstChunks + engine.options
            try await place.millrace(command)
            let id = try #require(summaries(await place.millrace(["transcripts", "list", "--json"])).first).id
            let deleted = try await place.millrace(["transcripts", "delete", id])
            #expect(deleted.status == 0, "\(deleted.errors)")
            #expect(try await StoreContents(path: place.store).workRows() == 0)
            let again = try await place.millrace(command)
            #expect(again.status == 0, "\(again.errors)")
            #expect(try engine.starts().count == 6)
        }
    }

    @Test func `one that is still being made is deleted only by force`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 1, in: place))
            let file = try Recordings.bursts(1, in: place)
            let end = try await place.millrace(["transcribe", file] + engine.options) { _ in
                try await eventually("the engine runs") { try !engine.starts().isEmpty }
                let summary = try #require(
                    summaries(await place.millrace(["transcripts", "list", "--json"])).first)
                #expect(summary.status == "PROCESSING")
                let shown = try await place.millrace(["transcripts", "show", summary.id])
                #expect(shown.status == 0 && shown.output.isEmpty)
                #expect(shown.errors == "The transcript is PROCESSING and has no text.\n")
                let exported = try await place.millrace(["transcripts", "export", summary.id])
                #expect(exported.status == 1 && exported.errors.contains("nothing to export"))
                let refused = try await place.millrace(["transcripts", "delete", summary.id])
                #expect(refused.status == 1)
                #expect(refused.errors.contains("still being made"), "\(refused.errors)")
                #expect(refused.errors.contains("--force"), "\(refused.errors)")
                let forced = try await place.millrace(["transcripts", "delete", summary.id, "--force"])
                #expect(forced.status == 0, "\(forced.errors)")
            }
            #expect(end.status == 1)
            #expect(end.errors.contains("the run was deleted while it was worked on"), "\(end.errors)")
            try await eventually("no engine outlives the program") { try engine.survivors().isEmpty }
            #expect(try await StoreContents(path: place.store).workRows() == 0)
        }
    }

    @Test(arguments: ["show", "export", "delete"])
    func `a transcript that is not there is one clear line`(command: String) async throws {
        try await Workplace.with { place in
            for id in ["nonsense", "01890a5d-ac96-774b-bcce-b302099a8057"] {
                let end = try await place.millrace(["transcripts", command, id])
                #expect(end.status == 1)
                #expect(end.errorLines.count == 1)
                #expect(end.errors.contains("see millrace transcripts list"), "\(end.errors)")
                #expect(end.output.isEmpty)
            }
        }
    }
}
