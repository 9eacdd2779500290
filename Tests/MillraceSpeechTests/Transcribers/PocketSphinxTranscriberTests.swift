import Foundation
import MillraceCore
import MillraceSpeech
import MillraceTesting
import Testing

/// Needs the Debian packages pocketsphinx and pocketsphinx-en-us.
@Suite struct PocketSphinxTranscriberTests {
    private let folder: TemporaryFolder
    private let transcriber: PocketSphinxTranscriber

    init() throws {
        folder = try TemporaryFolder()
        transcriber = PocketSphinxTranscriber()
    }

    private static let examples = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Examples")

    private func transcribe(chunkSeconds: Double) async throws -> [Segment] {
        let recording = Self.examples.appendingPathComponent("town-meeting.flac").path
        let settings = try ChunkSettings(targetSeconds: chunkSeconds)
        let decoded = folder.file("decoded")
        let survey = try await RecordingPlanner(decodedFolder: decoded).survey(.file(recording), settings: settings)
        let reader = FileRecordingReader(decodedFolder: decoded)
        let recipe = Recipe(engine: transcriber.identity, language: "en", chunking: settings)
        let results = try await withThrowingTaskGroup(of: (SampleRange, ChunkResult).self) { group in
            for range in survey.ranges {
                group.addTask {
                    let chunk = try await reader.chunk(range, of: survey.source)
                    return (range, try await transcriber.transcribe(chunk, recipe: recipe))
                }
            }
            var results: [(SampleRange, ChunkResult)] = []
            for try await result in group { results.append(result) }
            return results
        }
        return results.sorted { $0.0.start < $1.0.start }.flatMap { range, result in
            result.segments.map { segment in
                var segment = segment
                segment.start += range.startSeconds
                segment.end += range.startSeconds
                return segment
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `segments have words with times, and end where the speech does`() async throws {
        let said = try String(contentsOf: Self.examples.appendingPathComponent("town-meeting.txt"), encoding: .utf8)
        let segments = try await transcribe(chunkSeconds: 30)
        #expect(WordErrorRate(said: said, heard: segments.map(\.text).joined(separator: " ")).percent < 10)
        for segment in segments {
            #expect(segment.start <= segment.end && segment.end <= 142)
            #expect(segment.words?.map(\.text).joined(separator: " ") == segment.text)
        }
        // "and have a safe trip home" ends half a second before the recording does.
        #expect(abs((segments.last?.end ?? 0) - 141.2) < 0.4)
    }

    @Test func `hears nothing in silence, noise and next to nothing`() async throws {
        try await transcriber.check()
        var generator = SeededGenerator(seed: 4)
        let noise = (0..<80_000).map { _ in Int16.random(in: -200...200, using: &generator) }
        for samples in [[Int16](repeating: 0, count: 80_000), noise, [Int16](repeating: 9, count: 500), []] {
            let result = try await transcriber.transcribe(
                AudioChunk(samples: samples), recipe: Recipe(engine: transcriber.identity))
            #expect(result.segments == [])
        }
    }

    @Test func `knows English only`() async throws {
        for language in ["en", "en-US", "EN-us"] { #expect(PocketSphinxTranscriber.knows(language)) }
        #expect(PocketSphinxTranscriber.knows(nil))
        await #expect {
            try await transcriber.transcribe(
                AudioChunk(samples: [0]), recipe: Recipe(engine: transcriber.identity, language: "de"))
        } throws: {
            "\($0)".contains("English only")
        }
        #expect(transcriber.identity == (try EngineIdentity(kind: "pocketsphinx", model: "en-us")))
    }
}
