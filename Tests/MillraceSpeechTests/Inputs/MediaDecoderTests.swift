import Foundation
import MillraceCore
import Testing

@testable import MillraceSpeech

@Suite(.enabled(if: MediaFile.isPossible, "ffmpeg is not installed")) struct MediaDecoderTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("decoded"), withIntermediateDirectories: true)
        try SoundFile.write(SyntheticSpeech.make(seed: 4, seconds: 20).samples, to: folder.file("speech.wav"))
    }

    private func made(_ name: String, _ arguments: [String] = []) throws -> String {
        try MediaFile.make(folder.file(name), ["-i", folder.file("speech.wav")] + arguments)
        return folder.file(name)
    }

    private func decode(_ path: String, with decoder: MediaDecoder = MediaDecoder()) async throws(TranscriptionError)
        -> AudioFile
    {
        let output = folder.file("decoded/\(path.split(separator: "/").last ?? "").flac")
        try await decoder.decode(path, named: "it", to: output)
        return try AudioFile(path: output)
    }

    private func failure(_ path: String, with decoder: MediaDecoder = MediaDecoder()) async -> TranscriptionError? {
        do throws(TranscriptionError) {
            _ = try await decode(path, with: decoder)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["a.m4a", "a.mp4", "a.webm", "a.mkv", "a.mov", "a.aac", "a.wma", "a.aiff", "a.ts", "a.avi"])
    func `decodes what libsndfile does not know`(name: String) async throws {
        let audio = try await decode(made(name))
        let length = try AudioFile(path: folder.file("speech.wav")).sampleCount
        #expect(audio.container == .flac && audio.sampleRate == 16_000 && audio.channels == 1)
        #expect(abs(audio.sampleCount - length) < 3_200)
        #expect(try folder.mode("decoded/\(name).flac") == 0o600)
    }

    @Test func `takes the sound of a film`() async throws {
        let film = try made(
            "film.mp4", ["-f", "lavfi", "-i", "testsrc=duration=3:size=64x64", "-map", "0:a", "-map", "1:v"])
        #expect(try await decode(film).sampleCount > 19 * 16_000)
    }

    @Test func `a film that outlasts its sound is whole`() async throws {
        let film = try made(
            "film.mkv",
            [
                "-f", "lavfi", "-i", "testsrc=duration=9:size=64x64", "-map", "0:a", "-map", "1:v",
                "-af", "atrim=end=2", "-c:a", "flac",
            ])
        #expect(try await decode(film).sampleCount == 32_000)
    }

    @Test func `a film without sound is said so`() async throws {
        try MediaFile.make(folder.file("mute.mp4"), ["-f", "lavfi", "-i", "testsrc=duration=1:size=64x64"])
        let error = await failure(folder.file("mute.mp4"))
        #expect(error?.code == .noAudio)
        #expect(error?.message == "it: there is no sound in it; name another file")
        #expect(try folder.names(in: "decoded") == [])
    }

    @Test(arguments: ["cut.m4a", "cut.webm", "cut.mp4"])
    func `a file that was cut off is said so, and nothing is left of it`(name: String) async throws {
        // The index of the mp4 comes first, that of the m4a last.
        let whole = try made(name, name == "cut.mp4" ? ["-movflags", "faststart"] : [])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: whole))
        let error = await failure(try folder.write(bytes.prefix(bytes.count / 2), to: "half-\(name)"))
        #expect(error?.code == .unreadable)
        let says = name == "cut.m4a" ? "ffmpeg cannot read it: moov atom not found" : "is cut off or damaged"
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(folder.path) == false)
        #expect(try folder.names(in: "decoded") == [])
    }

    @Test func `what is no recording is said so`() async throws {
        let error = await failure(try folder.write("Dear diary\n", to: "diary"))
        #expect(error?.code == .notAudio)
        #expect(error?.message.contains("is not audio in a format that is read here") == true)
    }

    @Test(arguments: [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n%\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile '%'\n",
    ])
    func `a list of other files is not followed, whatever it is called`(list: String) async throws {
        let secret = try made("secret.m4a")
        for target in [secret, "file://\(secret)", "secret.m4a"] {
            for name in ["talk.m4a", "talk.m3u8", "talk"] {
                let error = await failure(try folder.write(list.replacing("%", with: target), to: name))
                #expect(error?.code == .notAudio, "\(target) \(name)")
                #expect(error?.message.contains("list of other files") == true, "\(error?.message ?? "")")
                #expect(error?.message.contains("secret") == false)
            }
        }
        #expect(try folder.names(in: "decoded") == [])
    }

    @Test func `names that look like options or addresses are files`() async throws {
        let sound = try Data(contentsOf: URL(fileURLWithPath: made("a.m4a")))
        for name in ["-i", "http:a.m4a", "%03d.m4a", "pipe:0", "a'b\".m4a"] {
            #expect(try await decode(folder.write(sound, to: name)).sampleCount > 19 * 16_000)
        }
    }

    @Test func `has an end, in time and in length`() async throws {
        let long = await failure(try made("a.m4a"), with: MediaDecoder(sampleLimit: 16_000))
        #expect(long?.code == .unreadable)
        #expect(long?.message.contains("is longer than") == true)
        let stuck = try folder.script(
            "case \"$*\" in *-demuxers*) echo ' D  mov,mp4 x';; *) sleep 600;; esac", named: "slow")
        let slow = await failure(
            folder.file("speech.wav"), with: MediaDecoder(program: stuck, timeout: .milliseconds(300)))
        #expect(slow?.code == .timedOut)
        #expect(try folder.names(in: "decoded") == [])
    }

    @Test func `is killed with its owner's task`() async throws {
        let pidFile = folder.file("pid")
        let stuck = try folder.script(
            "case \"$*\" in *-demuxers*) echo ' D  mov,mp4 x';; *) echo $$ > \(pidFile); sleep 600;; esac",
            named: "slow")
        let error = await withTaskGroup(of: TranscriptionError?.self) { group in
            group.addTask { await failure(folder.file("speech.wav"), with: MediaDecoder(program: stuck)) }
            await eventually { (try? String(contentsOfFile: pidFile, encoding: .utf8))?.hasSuffix("\n") == true }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(error?.code == .cancelled)
        #expect(try isGone(pidFile: pidFile))
        #expect(try folder.names(in: "decoded") == [])
    }

    @Test func `a full disk is what is said, not what ffmpeg makes of it`() async throws {
        let path = try made("a.m4a")
        await #expect {
            try await MediaDecoder().decode(path, named: "it", to: "/dev/full/it.flac")
        } throws: {
            ($0 as? TranscriptionError)?.message.contains("cannot keep the decoded recording") == true
        }
    }

    @Test func `says what to install when it is missing`() async throws {
        let error = await failure(folder.file("speech.wav"), with: MediaDecoder(program: "no-such-ffmpeg"))
        #expect(error?.code == .unreadable)
        #expect(error?.message.contains("install ffmpeg for other formats") == true)
    }
}
