import Foundation
import MillraceCore
import Testing

@testable import MillraceSpeech

@Suite struct FileRecordingReaderTests {
    let folder: TemporaryFolder
    let reader: FileRecordingReader

    init() throws {
        folder = try TemporaryFolder()
        reader = FileRecordingReader(decodedFolder: folder.file("decoded"))
    }

    private func survey(_ name: String) async throws -> RecordingSurvey {
        try await RecordingPlanner(decodedFolder: folder.file("decoded"))
            .survey(.file(folder.file(name)), settings: ChunkSettings(targetSeconds: 3))
    }

    private func error(_ range: SampleRange, _ source: RecordingSource) async -> TranscriptionError? {
        do throws(TranscriptionError) {
            _ = try await reader.chunk(range, of: source)
            return nil
        } catch {
            return error
        }
    }

    @Test func `what is read as FLAC is the same elsewhere, to the sample`() async throws {
        try SoundFile.write(SyntheticSpeech.make(seed: 4, seconds: 10).samples, to: folder.file("a"), coding: .wav16)
        let survey = try await survey("a")
        let elsewhere = FileRecordingReader(decodedFolder: folder.file("elsewhere"))
        for range in survey.ranges {
            let flac = try await reader.flac(of: range, of: survey.source)
            #expect(flac.count < range.count * 2)
            #expect(try await elsewhere.chunk(flac: flac) == reader.chunk(range, of: survey.source))
        }
        await #expect { try await elsewhere.chunk(flac: [1, 2, 3]) } throws: { error in
            (error as? TranscriptionError)?.code == .notAudio
        }
    }

    @Test(arguments: [SoundFile.Coding.wav16, .flac16, .mp3, .oggOpus])
    func `reads all chunks at once, together the whole recording`(coding: SoundFile.Coding) async throws {
        let samples = SyntheticSpeech.make(seed: 3, seconds: 30).samples
        try SoundFile.write(samples, to: folder.file("a"), coding: coding)
        let survey = try await survey("a")
        // As after a clean-up, or on another machine: what was decoded is made again.
        try? FileManager.default.removeItem(atPath: folder.file("decoded"))
        let chunks = try await withThrowingTaskGroup(of: (Int64, AudioChunk).self) { group in
            for range in survey.ranges {
                group.addTask { (range.start, try await reader.chunk(range, of: survey.source)) }
            }
            var chunks: [Int64: AudioChunk] = [:]
            for try await (start, chunk) in group { chunks[start] = chunk }
            return chunks
        }
        let joined = survey.ranges.flatMap { chunks[$0.start]?.samples ?? [] }
        #expect(Int64(joined.count) == survey.source.sampleCount)
        if coding == .wav16 || coding == .flac16 { #expect(joined == samples) }
        for range in survey.ranges.prefix(2) {
            #expect(try await reader.chunk(range, of: survey.source) == chunks[range.start])
        }
    }

    @Test func `notices another file under the name, before and after the first chunk`() async throws {
        let range = SampleRange(uncheckedStart: 0, end: 1_000)
        try SoundFile.write(SoundFile.tone(seconds: 1), to: folder.file("a.wav"))
        let source = try await survey("a.wav").source
        #expect(await error(range, source) == nil)
        try SoundFile.write(SoundFile.tone(hertz: 500, seconds: 1), to: folder.file("b.wav"))
        try FileManager.default.removeItem(atPath: folder.file("a.wav"))
        #expect(await error(range, source)?.code == .unreadable)
        try FileManager.default.moveItem(atPath: folder.file("b.wav"), toPath: folder.file("a.wav"))
        #expect(await error(range, source)?.code == .changed)
        #expect(await error(range, source)?.message.contains("a.wav") == true)
        let unseen = FileRecordingReader(decodedFolder: folder.file("decoded"))
        await #expect(throws: TranscriptionError.self) { try await unseen.chunk(range, of: source) }
        // The old content is welcome again.
        try SoundFile.write(SoundFile.tone(seconds: 1), to: folder.file("a.wav"))
        #expect(await error(range, source) == nil)
    }

    @Test func `refuses a stretch that the recording does not have`() async throws {
        try SoundFile.write(SoundFile.tone(seconds: 1), to: folder.file("a.wav"))
        let source = try await survey("a.wav").source
        #expect(await error(SampleRange(uncheckedStart: 15_000, end: 17_000), source)?.code == .changed)
    }
}
