import Foundation
import MillraceCore
import Testing

@testable import MillraceSpeech

@Suite struct StandardInputTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func planner(_ pipe: Foundation.Pipe) -> RecordingPlanner {
        RecordingPlanner(
            RecordingIntake(
                decoded: DecodedFolder(path: folder.file("decoded")),
                standardInput: pipe.fileHandleForReading.fileDescriptor))
    }

    private func failure(_ pipe: Foundation.Pipe) async -> TranscriptionError? {
        do throws(TranscriptionError) {
            _ = try await planner(pipe).survey(.standardInput, settings: .standard)
            return nil
        } catch {
            return error
        }
    }

    private typealias Pipe = Foundation.Pipe

    @Test(arguments: [SoundFile.Coding.wav16, .flac16, .mp3])
    func `is decoded beside the store, and cut like the file`(coding: SoundFile.Coding) async throws {
        try SoundFile.write(SyntheticSpeech.make(seed: 5, seconds: 30).samples, to: folder.file("a"), coding: coding)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file("a")))
        let settings = try ChunkSettings(targetSeconds: 5)
        let pipe = Pipe()
        let writer = Thread {
            try? pipe.fileHandleForWriting.write(contentsOf: bytes)
            try? pipe.fileHandleForWriting.close()
        }
        writer.start()
        let survey = try await planner(pipe).survey(.standardInput, settings: settings)
        #expect(survey.source.path == "-")
        #expect(survey.source.hash == ContentHash(of: bytes))
        #expect(try folder.names(in: "decoded") == ["\(survey.source.hash).flac"])
        #expect(try folder.mode("decoded/\(survey.source.hash).flac") == 0o600)
        let same = try await RecordingPlanner(decodedFolder: folder.file("other"))
            .survey(.file(folder.file("a")), settings: settings)
        #expect(same.ranges == survey.ranges)
        let reader = FileRecordingReader(decodedFolder: folder.file("decoded"))
        for range in survey.ranges {
            let audio = try await reader.chunk(range, of: survey.source)
            let other = try await FileRecordingReader(decodedFolder: folder.file("other")).chunk(range, of: same.source)
            #expect(audio == other)
        }
    }

    @Test func `what a program writes to a pipe has no length in its header`() async throws {
        let samples = SyntheticSpeech.make(seed: 6, seconds: 5).samples
        var wav = WAVEncoder.encode(AudioChunk(samples: samples))
        wav.replaceSubrange(4..<8, with: [255, 255, 255, 255])
        wav.replaceSubrange(40..<44, with: [255, 255, 255, 255])
        let pipe = Pipe()
        let bytes = Data(wav)
        Thread {
            try? pipe.fileHandleForWriting.write(contentsOf: bytes)
            try? pipe.fileHandleForWriting.close()
        }.start()
        let survey = try await planner(pipe).survey(.standardInput, settings: .standard)
        #expect(survey.source.sampleCount == Int64(samples.count))
    }

    @Test func `nothing at all is refused`() async throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.close()
        let error = await failure(pipe)
        #expect(error?.code == .unreadable)
        #expect(error?.message.hasPrefix("standard input: is empty; pipe a recording into it") == true)
        #expect(try folder.names(in: "decoded") == [])
    }

    @Test func `what is no recording leaves nothing behind`() async throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data("Dear diary".utf8))
        try pipe.fileHandleForWriting.close()
        let error = await failure(pipe)
        #expect(error?.message.hasPrefix("standard input: is not audio") == true, "\(error?.message ?? "")")
        #expect(try folder.names(in: "decoded") == [])
    }

    @Test func `a cancelled task does not wait for more, and leaves nothing behind`() async throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data("RIFF".utf8))
        let error = await withTaskGroup(of: TranscriptionError?.self) { group in
            group.addTask { await failure(pipe) }
            await eventually { (try? folder.names(in: "decoded"))?.count == 1 }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(error?.code == .cancelled)
        #expect(try folder.names(in: "decoded") == [])
        try pipe.fileHandleForWriting.close()
    }

    @Test func `what a killed process took in is removed, what another takes in is not`() async throws {
        try FileManager.default.createDirectory(atPath: folder.file("decoded"), withIntermediateDirectories: true)
        _ = try folder.write("x", to: "decoded/\(UUID()).partial")
        let other = try SpoolFile(folder: folder.file("decoded"), name: "it")
        await RecordingPlanner(decodedFolder: folder.file("decoded")).removeOrphans(keeping: [])
        #expect(try folder.names(in: "decoded").count == 1)
        #expect(FileManager.default.fileExists(atPath: other.path))
    }
}
