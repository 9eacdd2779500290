import Testing

@Suite(.bounded) struct CachedRunTests {
    @Test func `a second run takes every chunk from the cache and starts no engine`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(6, in: place)
            let command = ["transcribe", file, "--format", "json"] + Recordings.burstChunks + engine.options
            let first = try await place.millrace(command)
            #expect(first.status == 0, "\(first.errors)")
            let log = try place.text("engine.log")
            let second = try await place.millrace(command)
            #expect(second.status == 0, "\(second.errors)")
            #expect(try place.text("engine.log") == log)
            let (before, after) = try (#require(first.transcripts().first), #require(second.transcripts().first))
            #expect(before.chunks == .init(total: 6, completed: 6, failed: 0, cached: 0))
            #expect(after.chunks == .init(total: 6, completed: 6, failed: 0, cached: 6))
            #expect(before.text == after.text)
            #expect(
                try engine.hearings().map { "heard \($0.checksum)" }.sorted() == before.segments.map(\.text).sorted())
            #expect(second.errors.contains("6 of 6 chunks, 6 of them cached"))
        }
    }

    @Test func `other text forms of a known recording start no engine either`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(3, in: place)
            let command = ["transcribe", file] + Recordings.burstChunks + engine.options
            let text = try await place.millrace(command)
            let vtt = try await place.millrace(command + ["--format", "vtt"])
            let srt = try await place.millrace(command + ["--format", "srt"])
            #expect(try engine.starts().count == 3)
            #expect(text.output.hasPrefix("heard "))
            #expect(vtt.output.hasPrefix("WEBVTT\n\n"))
            #expect(vtt.output.contains("00:00:00.000 --> "))
            #expect(srt.output.hasPrefix("1\n00:00:00,000 --> "))
            for output in [vtt.output, srt.output] {
                for chunk in try engine.hearings() { #expect(output.contains("heard \(chunk.checksum)")) }
            }
        }
    }

    @Test func `a copy of the recording at another place is the same recording`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let options = Recordings.burstChunks + engine.options
            let file = try Recordings.bursts(3, in: place)
            try await place.millrace(["transcribe", file] + options)
            try await place.run("mv", [file, place.path("moved.wav")])
            let again = try await place.millrace(["transcribe", "moved.wav"] + options)
            #expect(again.status == 0, "\(again.errors)")
            #expect(try engine.starts().count == 3)
        }
    }

    @Test func `another command is another engine`() async throws {
        try await Workplace.with { place in
            let (one, two) = try (EngineScript(in: place), EngineScript(in: place, name: "other"))
            let file = try Recordings.bursts(3, in: place)
            for engine in [one, two] {
                let end = try await place.millrace(["transcribe", file] + Recordings.burstChunks + engine.options)
                #expect(end.status == 0)
            }
            #expect(try two.starts().count == 3)
        }
    }

    @Test func `without the cache the engine runs again and nothing is kept`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(3, in: place)
            let command = ["transcribe", file, "--no-cache"] + Recordings.burstChunks + engine.options
            let first = try await place.millrace(command)
            #expect(first.status == 0, "\(first.errors)")
            #expect(try await StoreContents(path: place.store).count("cache_entries") == 0)
            let second = try await place.millrace(command)
            #expect(first.output == second.output)
            #expect(try engine.starts().count == 6)
            #expect(try await StoreContents(path: place.store).count("cache_entries") == 0)
        }
    }
}
