import Foundation
import MillraceCore
import Testing

@testable import MillraceSpeech

@Suite struct RecordingFolderTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for name in ["talks/b/c", "talks/.hidden", "empty"] {
            try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: true)
        }
    }

    private func found() async throws -> (recordings: [String], others: [String]) {
        let found = try await RecordingFolder(path: folder.file("talks"))
        func short(_ paths: [String]) -> [String] { paths.map { String($0.dropFirst(folder.file("talks/").count)) } }
        return (short(found.recordings), short(found.others))
    }

    @Test func `finds recordings by what is in them, by name, in all folders below`() async throws {
        let tone = SoundFile.tone(seconds: 0.5)
        for name in ["B.wav", "a.wav", "no-ending", "b/c/z.wav", ".hidden/x.wav", ".x.wav"] {
            try SoundFile.write(tone, to: folder.file("talks/\(name)"))
        }
        try SoundFile.write(tone, to: folder.file("talks/b/x.mp3"), coding: .mp3)
        _ = try folder.write("Dear diary", to: "talks/notes.txt")
        _ = try folder.write("Dear diary", to: "talks/b/lie.wav")
        _ = try folder.write("", to: "talks/nothing.txt")
        _ = try folder.write("", to: "talks/nothing.wav")
        _ = try folder.write("fLaC", to: "talks/broken")
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("talks/loop"), withDestinationPath: folder.file("talks"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("talks/linked.wav"), withDestinationPath: folder.file("talks/a.wav"))
        let (recordings, others) = try await found()
        #expect(
            recordings
                == ["B.wav", "a.wav", "b/c/z.wav", "b/x.mp3", "broken", "linked.wav", "no-ending", "nothing.wav"])
        #expect(others == ["b/lie.wav", "notes.txt", "nothing.txt"])
    }

    @Test(.enabled(if: MediaFile.isPossible, "ffmpeg is not installed"))
    func `asks ffmpeg about what libsndfile does not know`() async throws {
        try SoundFile.write(SoundFile.tone(seconds: 0.5), to: folder.file("a.wav"))
        try MediaFile.make(folder.file("talks/a.m4a"), ["-i", folder.file("a.wav")])
        try MediaFile.make(folder.file("talks/mute.mp4"), ["-f", "lavfi", "-i", "testsrc=duration=1:size=64x64"])
        try MediaFile.make(
            folder.file("talks/picture.png"), ["-f", "lavfi", "-i", "testsrc=size=64x64", "-frames:v", "1"])
        let (recordings, others) = try await found()
        #expect(recordings == ["a.m4a"])
        #expect(others == ["mute.mp4", "picture.png"])
    }

    @Test func `a folder without anything has nothing, one that is not there is an error`() async throws {
        let empty = try await RecordingFolder(path: folder.file("empty"))
        #expect(empty.recordings == [] && empty.others == [])
        await #expect(throws: TranscriptionError.self) { try await RecordingFolder(path: folder.file("gone")) }
    }
}
