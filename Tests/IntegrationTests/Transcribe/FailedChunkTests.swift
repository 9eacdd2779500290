import Foundation
import Testing

@Suite(.bounded) struct FailedChunkTests {
    @Test func `a chunk that fails for good leaves a marked gap, and alone runs when the cause is mended`() async throws
    {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(5, in: place)
            let command = ["transcribe", file] + Recordings.burstChunks + engine.options
            let whole = try await place.run(Program.path, command + ["--store", place.path("whole.db")])
            #expect(whole.status == 0, "\(whole.errors)")
            let words = whole.output.split(whereSeparator: \.isWhitespace).filter { $0 != "heard" }.map(String.init)
            try #require(words.count == 5)
            let bad = words[3]

            try engine.refuse(bad)
            let before = try engine.starts().count
            let partial = try await place.millrace(command)
            #expect(partial.status == 2, "\(partial.errors)")
            // One run and three retries.
            #expect(try engine.starts().count == before + 4 + 4)
            let gap = "[missing: chunk 3, 00:00:04 to 00:00:0"
            #expect(partial.output.split(separator: "\n").contains { $0.hasPrefix(gap) }, "\(partial.output)")
            for word in words where word != bad { #expect(partial.output.contains(word)) }
            #expect(
                partial.errorLines.contains {
                    $0.hasPrefix("millrace: bursts.wav: chunk 3 (4.") && $0.hasSuffix("cannot hear \(bad)")
                }, "\(partial.errors)")
            #expect(try await StoreContents(path: place.store).count("transcripts", where: "status = 'PARTIAL'") == 1)

            try engine.refuse(nil)
            let heard = try engine.hearings().count
            let mended = try await place.millrace(command)
            #expect(mended.status == 0, "\(mended.errors)")
            #expect(try engine.hearings().dropFirst(heard).map(\.checksum) == [bad])
            #expect(mended.output == whole.output)
            let contents = StoreContents(path: place.store)
            #expect(try await contents.count("transcripts", where: "status = 'COMPLETED'") == 1)
            #expect(try await contents.count("transcripts") == 1)
        }
    }

    @Test func `when every chunk fails there is no transcript`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(1, in: place)
            let end = try await place.millrace(["transcribe", file, "--command", "sh -c 'echo bad >&2; exit 3'"])
            #expect(end.status == 1)
            #expect(end.output.isEmpty)
            #expect(
                end.errors.contains("chunk 0 (0.0 s to 1.5 s) failed: sh exited with code 3: bad"), "\(end.errors)")
            #expect(end.errors.contains("there is no transcript"))
        }
    }

    @Test func `what an engine says cannot harm the terminal`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(1, in: place)
            let script = try place.write(#"printf 'a\033[31mred\007\rb\n' >&2; exit 1"# + "\n", to: "rude.sh")
            let end = try await place.millrace(["transcribe", file, "--command", "sh \(script)"])
            #expect(end.status == 1)
            #expect(
                !end.errors.contains { $0 == "\u{1B}" || $0 == "\r" || $0 == "\u{7}" }, "\(end.errors.debugDescription)"
            )
        }
    }

    @Test func `words, language and segments of an engine are kept, with the times of the recording`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(2, in: place)
            let answer = try place.write(
                """
                {"language": "pt", "segments": [{"start": 0.25, "end": 1, "text": "bom dia", "words": [
                {"start": 0.25, "end": 0.5, "text": "bom"}, {"start": 0.5, "end": 1, "word": "dia"}]}]}
                """, to: "answer.json")
            let end = try await place.millrace(
                ["transcribe", file, "--command", "cat \(answer)", "--format", "json"] + Recordings.burstChunks)
            #expect(end.status == 0, "\(end.errors)")
            let transcript = try #require(end.transcripts().first)
            #expect(transcript.language == "pt")
            #expect(transcript.duration == 3)
            #expect(transcript.text == "bom dia bom dia")
            #expect(transcript.chunks == .init(total: 2, completed: 2, failed: 0, cached: 0))
            let second = try #require(transcript.segments.last)
            let offset = second.start - 0.25
            #expect((1...1.5).contains(offset))
            #expect(abs(second.end - offset - 1) < 0.001)
            let words = try #require(second.words)
            #expect(words.map(\.text) == ["bom", "dia"])
            #expect(abs(words[1].start - offset - 0.5) < 0.001)
        }
    }

    @Test func `a recording that is replaced during the run is not mixed with the old one`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 2, in: place))
            let file = try Recordings.bursts(6, in: place)
            let command = ["transcribe", file, "--concurrency", "1"] + Recordings.burstChunks + engine.options
            let end = try await place.millrace(command) { _ in
                try await eventually("the engine runs") { try engine.starts().count >= 2 }
                try await place.run("mv", [file, place.path("old.wav")])
                _ = try Recordings.bursts(6, in: place, seed: 9)
                try EngineScript.go(in: place)
            }
            #expect(end.status == 2, "\(end.errors)")
            #expect(end.errors.contains("is not the recording that was planned"), "\(end.errors)")
            let heard = try engine.starts().count
            try await place.run("mv", ["-f", place.path("old.wav"), file])
            let mended = try await place.millrace(command)
            #expect(mended.status == 0, "\(mended.errors)")
            #expect(!mended.output.contains("missing"))
            #expect(try engine.starts().count == 6, "\(heard)")
        }
    }
}
