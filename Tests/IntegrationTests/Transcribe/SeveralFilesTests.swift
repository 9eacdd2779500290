import Foundation
import Testing

@Suite(.bounded) struct SeveralFilesTests {
    @Test func `transcripts come in the order of the files, and a bad file does not stop the others`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let (a, b) = try (
                Recordings.bursts(1, in: place, name: "a.wav", seed: 2),
                Recordings.bursts(3, in: place, name: "b.wav", seed: 3)
            )
            let end = try await place.millrace(
                ["transcribe", b, "missing.wav", a, "--format", "json"] + Recordings.burstChunks + engine.options)
            #expect(end.status == 1)
            #expect(try end.transcripts().map(\.source) == [b, a])
            #expect(try end.transcripts().map(\.chunks.total) == [3, 1])
            #expect(end.errorLines.count { $0.hasPrefix("millrace: missing.wav: there is no such file") } == 1)
        }
    }

    @Test func `with an output folder each transcript is a file of its own`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let files = try ["a.wav", "b.c.wav"].enumerated().map { index, name in
                try Recordings.bursts(1, in: place, name: name, seed: UInt64(index))
            }
            let end = try await place.millrace(
                ["transcribe"] + files + ["--output", "made/here", "--format", "srt"] + engine.options)
            #expect(end.status == 0, "\(end.errors)")
            #expect(end.output.isEmpty)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: place.path("made/here")).sorted()
                    == ["a.srt", "b.c.srt"])
            #expect(try place.text("made/here/a.srt").hasPrefix("1\n00:00:00,000 --> "))
        }
    }

    @Test func `one file goes into the output file`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(1, in: place)
            let end = try await place.millrace(["transcribe", file, "-o", "out.txt"] + engine.options)
            #expect(end.status == 0, "\(end.errors)")
            #expect(try place.text("out.txt") == "heard \(engine.hearings()[0].checksum)\n")
            #expect(end.output.isEmpty)
        }
    }

    @Test func `two outputs of one name are refused before any work`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            try FileManager.default.createDirectory(atPath: place.path("other"), withIntermediateDirectories: true)
            let files = try ["talk.wav", "other/talk.wav"].map { try Recordings.bursts(1, in: place, name: $0) }
            let end = try await place.millrace(["transcribe"] + files + ["--output", "out"] + engine.options)
            #expect(end.status == 1)
            #expect(end.errorLines.count == 1)
            #expect(end.errors.contains("would both be written to talk.txt in out"), "\(end.errors)")
            #expect(try await StoreContents(path: place.store).workRows() == 0)
            #expect(try engine.starts().isEmpty)
            #expect(!FileManager.default.fileExists(atPath: place.path("out")))
        }
    }

    @Test(arguments: ["talk.txt", "link.txt", "store.db"])
    func `a transcript never takes the place of a recording or the store`(output: String) async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(1, in: place, name: "talk.txt")
            try FileManager.default.createSymbolicLink(
                atPath: place.path("link.txt"), withDestinationPath: place.path("talk.txt"))
            let before = try Data(contentsOf: URL(fileURLWithPath: file))
            let end = try await place.millrace(["transcribe", file, "--output", output] + engine.options)
            #expect(end.status == 1)
            #expect(end.errors.contains("would overwrite a recording or the store"), "\(end.errors)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
            #expect(try await StoreContents(path: place.store).workRows() == 0)
        }
    }

    @Test func `the exit status is the worst: failed before partial before done`() async throws {
        try await Workplace.with { place in
            // What it answers for a chunk that is named in a file makes no sense, which is not tried again.
            let broken = place.path("broken")
            let engine = try EngineScript(in: place, before: "grep -qs \"^$1$\" \(broken) && echo '[{}'")
            let good = try Recordings.bursts(1, in: place, name: "good.wav")
            let partial = try Recordings.bursts(2, in: place, name: "partial.wav", seed: 2)
            let options = Recordings.burstChunks + engine.options
            let whole = try await place.millrace(["transcribe", partial, "--no-cache"] + options)
            #expect(whole.status == 0, "\(whole.errors)")
            let words = whole.output.split(whereSeparator: \.isWhitespace)
            _ = try place.write("\(words[1])\n", to: "broken")
            let two = try await place.millrace(["transcribe", partial, good] + options)
            #expect(two.status == 2, "\(two.errors)")
            let three = try await place.millrace(["transcribe", "gone.wav", partial, good] + options)
            #expect(three.status == 1, "\(three.errors)")
            #expect(three.output == two.output)
        }
    }

    @Test func `equal recordings under two names are transcribed once`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let files = try ["a.wav", "b.wav"].map { try Recordings.bursts(2, in: place, name: $0) }
            let end = try await place.millrace(
                ["transcribe"] + files + ["--format", "json"] + Recordings.burstChunks + engine.options)
            #expect(end.status == 0, "\(end.errors)")
            let transcripts = try end.transcripts()
            #expect(transcripts.map(\.source) == files)
            #expect(transcripts.map(\.chunks.cached) == [0, 2])
            #expect(try engine.starts().count == 2)
        }
    }
}
