import Foundation
import MillraceCore
import Testing

@testable import MillraceSpeech

@Suite struct RecordingPlannerTests {
    let folder: TemporaryFolder
    let planner: RecordingPlanner

    init() throws {
        folder = try TemporaryFolder()
        planner = RecordingPlanner(decodedFolder: folder.file("decoded"))
    }

    private func hash(_ name: String) throws -> ContentHash {
        ContentHash(of: try Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
    }

    @Test func `tells the hash, the length and the cuts`() async throws {
        let speech = SyntheticSpeech.make(seed: 1, seconds: 60)
        try SoundFile.write(speech.samples, to: folder.file("a.flac"), coding: .flac16)
        let settings = try ChunkSettings(targetSeconds: 10)
        let survey = try await planner.survey(.file(folder.path + "/x/.././a.flac"), settings: settings)
        #expect(survey.source.path == folder.file("a.flac"))
        #expect(survey.source.hash == (try hash("a.flac")))
        #expect(survey.source.sampleCount == Int64(speech.samples.count))
        var splitter = SilenceSplitter(settings: settings)
        splitter.feed(speech.samples)
        #expect(survey.ranges == splitter.ranges())
        #expect(survey.ranges.count >= 4)
        #expect(!FileManager.default.fileExists(atPath: folder.file("decoded")))
    }

    @Test(arguments: [SoundFile.Coding.mp3, .oggVorbis, .oggOpus, .wavADPCM])
    func `decodes once what cannot be sought exactly`(coding: SoundFile.Coding) async throws {
        let samples = SyntheticSpeech.make(seed: 2, seconds: 20).samples
        try SoundFile.write(samples, to: folder.file("a"), coding: coding)
        let settings = try ChunkSettings(targetSeconds: 5)
        let survey = try await planner.survey(.file(folder.file("a")), settings: settings)
        let name = try hash("a").hex + ".flac"
        #expect(try folder.names(in: "decoded") == [name])
        #expect(try folder.mode("decoded") == 0o700)
        #expect(try folder.mode("decoded/\(name)") == 0o600)
        #expect(try AudioFile(path: folder.file("decoded/\(name)")).frameCount == survey.source.sampleCount)
        #expect(survey.ranges.last?.end == survey.source.sampleCount)
        let inode = try FileManager.default.attributesOfItem(atPath: folder.file("decoded/\(name)"))[.systemFileNumber]
        #expect(try await planner.survey(.file(folder.file("a")), settings: settings) == survey)
        let later = try FileManager.default.attributesOfItem(atPath: folder.file("decoded/\(name)"))[.systemFileNumber]
        #expect(inode as? Int == later as? Int)
        await planner.removeDecoded(hash: survey.source.hash)
        await planner.removeDecoded(hash: survey.source.hash)
        #expect(try folder.names(in: "decoded") == [])
    }

    @Test func `removes what nobody needs, and nothing else`() async throws {
        await planner.removeOrphans(keeping: [])
        try FileManager.default.createDirectory(atPath: folder.file("decoded"), withIntermediateDirectories: true)
        let kept = ContentHash(ofParts: ["kept"])
        let orphan = ContentHash(ofParts: ["orphan"])
        for name in ["\(kept).flac", "\(orphan).flac", "\(orphan).flac.dead.partial", "notes.txt", "short.flac"] {
            _ = try folder.write("x", to: "decoded/\(name)")
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -7_200)], ofItemAtPath: folder.file("decoded/\(name)"))
        }
        let young = ContentHash(ofParts: ["decoded just now, its plan not stored yet"])
        _ = try folder.write("x", to: "decoded/\(young).flac")
        let writer = try FLACWriter(path: folder.file("decoded/\(orphan).flac"))
        await planner.removeOrphans(keeping: [kept])
        #expect(try folder.names(in: "decoded").count == 5)
        try writer.finish()
        #expect(
            try folder.names(in: "decoded")
                == ["\(kept).flac", "\(orphan).flac", "\(young).flac", "notes.txt", "short.flac"].sorted())
    }

    @Test func `says what is wrong before it decodes`() async throws {
        let settings = try ChunkSettings(targetSeconds: 5)
        let path = try folder.write("no sound", to: "a.wav")
        await #expect(throws: TranscriptionError.self) { try await planner.survey(.file(path), settings: settings) }
        await #expect(throws: TranscriptionError.self) {
            try await planner.survey(.file(folder.file("missing")), settings: settings)
        }
    }

    @Test func `stops when it is cancelled and leaves no decoded file`() async throws {
        try SoundFile.write(SoundFile.tone(seconds: 120), to: folder.file("a.ogg"), coding: .oggVorbis)
        let settings = try ChunkSettings(targetSeconds: 5)
        let result = await withTaskGroup(of: Result<RecordingSurvey, TranscriptionError>.self) { group in
            group.addTask { [planner, path = folder.file("a.ogg")] in
                do throws(TranscriptionError) {
                    return .success(try await planner.survey(.file(path), settings: settings))
                } catch {
                    return .failure(error)
                }
            }
            group.cancelAll()
            return await group.next()
        }
        guard case .failure(let error) = result else {
            Issue.record("was not cancelled")
            return
        }
        #expect(error.code == .cancelled)
        #expect((try? folder.names(in: "decoded")) ?? [] == [])
    }
}
