import Foundation
import MillraceCore
import TestServers
import Testing

@testable import MillraceSpeech

@Suite struct RemoteRecordingTests {
    let folder: TemporaryFolder
    private let settings: ChunkSettings
    private let sound: [UInt8]

    init() throws {
        folder = try TemporaryFolder()
        settings = try ChunkSettings(targetSeconds: 3)
        sound = WAVEncoder.encode(AudioChunk(samples: SyntheticSpeech.make(seed: 7, seconds: 30).samples))
    }

    private func intake(_ name: String) -> RecordingIntake {
        RecordingIntake(
            decoded: DecodedFolder(path: folder.file(name)), fetcher: RecordingFetcher(pause: .milliseconds(1)))
    }

    @Test func `a worker elsewhere fetches it once, however many chunks it reads at once`() async throws {
        try await HTTPTestServer.with { [sound] _ in
            HTTPTestAnswer(body: sound)
        } body: { server async throws in
            let url = try RecordingURL(server.url + "/talk.wav?token=secret")
            let survey = try await RecordingPlanner(intake("here")).survey(.url(url), settings: settings)
            #expect(survey.source.path == url.text)
            #expect(survey.source.name == "talk.wav")
            #expect(survey.source.hash == ContentHash(of: sound))
            #expect(try folder.names(in: "here") == ["\(survey.source.hash).flac"])
            #expect(survey.ranges.count >= 8)
            #expect(server.record.requests == 1)
            let reader = FileRecordingReader(intake("elsewhere"))
            let chunks = try await withThrowingTaskGroup(of: (Int64, AudioChunk).self) { group in
                for range in survey.ranges {
                    group.addTask { (range.start, try await reader.chunk(range, of: survey.source)) }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            #expect(server.record.requests == 2)
            let samples = survey.ranges.flatMap { chunks[$0.start]?.samples ?? [] }
            #expect(WAVEncoder.encode(AudioChunk(samples: samples)) == sound)
            #expect(try folder.names(in: "elsewhere") == ["\(survey.source.hash).flac"])
            #expect(try folder.mode("elsewhere/\(survey.source.hash).flac") == 0o600)
        }
    }

    @Test func `another recording at the address is noticed, and not kept`() async throws {
        try await HTTPTestServer.with { [sound] _ in
            HTTPTestAnswer(body: sound)
        } body: { server async throws in
            let source = RecordingSource(
                path: server.url + "/talk.wav?token=secret", hash: ContentHash(ofParts: ["another"]),
                sampleCount: 480_000)
            let reader = FileRecordingReader(intake("elsewhere"))
            await #expect {
                try await reader.chunk(SampleRange(start: 0, end: 100), of: source)
            } throws: {
                let error = $0 as? TranscriptionError
                return error?.code == .withdrawn && error?.message.contains("secret") == false
            }
            #expect(try folder.names(in: "elsewhere") == [])
        }
    }

    @Test func `a server that is gone fails all who wait by one try each round`() async throws {
        try await HTTPTestServer.with { _ in
            HTTPTestAnswer(status: 404)
        } body: { server async throws in
            let source = RecordingSource(
                path: server.url + "/talk.wav", hash: ContentHash(of: sound), sampleCount: 480_000)
            let reader = FileRecordingReader(intake("elsewhere"))
            let range = try SampleRange(start: 0, end: 100)
            await #expect {
                try await reader.chunk(range, of: source)
            } throws: {
                ($0 as? TranscriptionError)?.code == .withdrawn
            }
            #expect(server.record.requests == 1)
        }
    }

    @Test func `what came by standard input is read nowhere else`() async throws {
        let source = RecordingSource(path: "-", hash: ContentHash(of: sound), sampleCount: 480_000)
        let reader = FileRecordingReader(intake("elsewhere"))
        await #expect {
            try await reader.chunk(SampleRange(start: 0, end: 100), of: source)
        } throws: {
            let error = $0 as? TranscriptionError
            return error?.code == .unreadable
                && error?.message
                    == "standard input: the recording is not kept here any more; run the same command with it again"
        }
    }
}
