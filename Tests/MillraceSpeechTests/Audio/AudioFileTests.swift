import Foundation
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceSpeech

@Suite struct AudioFileTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func whole(_ path: String) throws -> [Int16] {
        let file = try AudioFile(path: path)
        var samples: [Int16] = []
        let count = try file.forEachBlock { samples += $0 }
        #expect(count == samples.count)
        return samples
    }

    private func failure(_ path: String) -> TranscriptionError? {
        do throws(TranscriptionError) {
            _ = try AudioFile(path: path).forEachBlock { _ in }
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [SoundFile.Coding.wav16, .flac16])
    func `hands on 16 kHz mono as it is, to the bit`(coding: SoundFile.Coding) throws {
        var generator = SeededGenerator(seed: 1)
        let samples = (0..<200_001).map { _ in Int16.random(in: .min ... .max, using: &generator) }
        try SoundFile.write(samples, to: folder.file("a"), coding: coding)
        #expect(try whole(folder.file("a")) == samples)
        let file = try AudioFile(path: folder.file("a"))
        #expect(file.sampleCount == 200_001)
        for (start, end) in [(0, 1), (1, 70_000), (199_000, 200_001), (12_345, 12_345), (150_000, 150_001)] {
            let range = SampleRange(uncheckedStart: Int64(start), end: Int64(end))
            #expect(try file.samples(in: range) == Array(samples[start..<end]))
        }
    }

    @Test(arguments: [
        (SoundFile.Coding.wav16, 44_100, 2, AudioContainer.wav, true), (.wav16, 8_000, 1, .wav, true),
        (.wavFloat, 48_000, 1, .wav, true), (.wav24, 96_000, 6, .wav, true), (.flac24, 22_050, 2, .flac, true),
        (.wav16, 11_025, 1, .wav, true), (.wav16, 37_813, 1, .wav, true), (.wavADPCM, 16_000, 1, .wav, false),
        (.oggVorbis, 44_100, 2, .ogg, false), (.oggOpus, 48_000, 1, .ogg, false), (.mp3, 44_100, 2, .mp3, false),
    ])
    func `turns any file into 16 kHz mono`(
        coding: SoundFile.Coding, rate: Int, channels: Int, container: AudioContainer, isExact: Bool
    ) throws {
        try SoundFile.write(
            SoundFile.tone(seconds: 3, rate: rate, channels: channels), to: folder.file("a"), coding: coding,
            rate: rate, channels: channels)
        let file = try AudioFile(path: folder.file("a"))
        #expect(file.container == container)
        #expect(file.sampleRate == rate)
        #expect(file.channels == channels)
        #expect(file.isSampleExact == isExact)
        let samples = try whole(folder.file("a"))
        #expect(isExact ? samples.count == file.sampleCount : abs(samples.count - 48_000) < 3_200)
        // A tone of half the full volume has the mean square of an eighth, and crosses zero 440 times a second.
        let middle = samples[16_000..<32_000].map { Double($0) / 32_768 }
        let power = middle.reduce(0) { $0 + $1 * $1 } / 16_000
        #expect(abs(power - 0.125) < 0.005)
        let rises = zip(middle, middle.dropFirst()).count { $0 < 0 && $1 >= 0 }
        #expect(abs(rises - 440) <= 1)
    }

    @Test(arguments: [(8_000, 1), (44_100, 2), (48_000, 1), (11_025, 1), (37_813, 1)])
    func `reads every stretch as the whole pass does, and the same on every call`(rate: Int, channels: Int) throws {
        try SoundFile.write(
            SoundFile.tone(seconds: 4, rate: rate, channels: channels), to: folder.file("a"), coding: .wavFloat,
            rate: rate, channels: channels)
        let all = try whole(folder.file("a"))
        let file = try AudioFile(path: folder.file("a"))
        for (start, end) in [(0, 16_000), (20_001, 40_000), (all.count - 7_777, all.count), (31_999, 32_000)] {
            let range = SampleRange(uncheckedStart: Int64(start), end: Int64(end))
            let samples = try file.samples(in: range)
            #expect(samples.count == end - start)
            #expect(try AudioFile(path: folder.file("a")).samples(in: range) == samples)
            // The very last sample may be made up when the whole pass rounds down.
            let difference = zip(samples, all[start..<min(end, all.count - 1)]).map { abs(Int($0) - Int($1)) }.max()
            #expect(difference ?? 0 <= 2)
        }
    }

    @Test func `averages the channels`() throws {
        let samples = (0..<6_000).map { $0.isMultiple(of: 2) ? Float(0.5) : -0.25 }
        try SoundFile.write(samples, to: folder.file("a"), channels: 2)
        #expect(try whole(folder.file("a")).allSatisfy { $0 == 4_096 })
    }

    @Test func `clips what is too loud and takes what is no number for silence`() throws {
        let samples: [Float] = [2, -2, .nan, .infinity, -.infinity, 1, -1, 0]
        try SoundFile.write(samples, to: folder.file("a"), coding: .wavFloat)
        #expect(try whole(folder.file("a")) == [32_767, -32_768, 0, 0, 0, 32_767, -32_768, 0])
    }

    @Test func `refuses a stretch behind the end`() throws {
        try SoundFile.write(SoundFile.tone(seconds: 1), to: folder.file("a"))
        let file = try AudioFile(path: folder.file("a"))
        #expect {
            try file.samples(in: SampleRange(uncheckedStart: 0, end: 16_001))
        } throws: {
            ($0 as? TranscriptionError)?.code == .changed
        }
    }

    @Test func `says in one line what is wrong with a file`() throws {
        try FileManager.default.createDirectory(atPath: folder.file("folder"), withIntermediateDirectories: true)
        try SoundFile.write([Int16](), to: folder.file("silent.wav"))
        try SoundFile.write(SoundFile.tone(seconds: 1), to: folder.file("old.aiff"), coding: .aiff)
        _ = try folder.write("", to: "empty.flac")
        _ = try folder.write("This is no sound.\n", to: "text.wav")
        _ = try folder.write("RIFF and then nothing that makes sense", to: "riff.wav")
        _ = try folder.write(
            Data([0, 0, 0, 0x20] + Array("ftypM4A ".utf8) + Array(repeating: 7, count: 500)), to: "a.m4a")
        let cases: [(String, TranscriptionError.Code, String)] = [
            ("missing.wav", .unreadable, "missing.wav: there is no such file"), ("folder", .unreadable, "is a folder"),
            ("silent.wav", .noAudio, "no audio"), ("empty.flac", .unreadable, "empty.flac: the file is empty"),
            ("text.wav", .notAudio, "WAV, FLAC, OGG, MP3"), ("riff.wav", .unreadable, "header is damaged"),
            ("a.m4a", .notAudio, "WAV, FLAC, OGG, MP3"), ("old.aiff", .notAudio, "WAV, FLAC, OGG, MP3"),
            ("text.wav/inside.wav", .unreadable, "no such file"),
        ]
        for (name, code, part) in cases {
            let error = try #require(failure(folder.file(name)), "\(name)")
            #expect(error.code == code, "\(error)")
            #expect(error.message.contains(part), "\(error)")
            #expect(!error.message.contains("\n"))
            #expect(!error.isRetryable)
        }
        #expect(failure("/dev/null")?.message.contains("not a regular file") == true)
        #expect(failure(folder.file("a\0b"))?.code == .unreadable)
    }

    @Test(.enabled(if: getuid() != 0, "root may read everything"))
    func `says that permission is denied`() throws {
        _ = try folder.write("RIFF", to: "secret.wav")
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: folder.file("secret.wav"))
        #expect(failure(folder.file("secret.wav"))?.message.contains("permission denied") == true)
    }

    @Test func `says how much of a truncated FLAC can be decoded`() throws {
        var generator = SeededGenerator(seed: 2)
        let samples = (0..<160_000).map { _ in Int16.random(in: .min ... .max, using: &generator) }
        try SoundFile.write(samples, to: folder.file("a.flac"), coding: .flac16)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file("a.flac")))
        let path = try folder.write(bytes.prefix(bytes.count / 2), to: "half.flac")
        let error = try #require(failure(path))
        #expect(error.code == .unreadable)
        #expect(error.message.contains("half.flac: is cut off or damaged: "))
        #expect(error.message.contains("of 10.0 s"))
        #expect(throws: TranscriptionError.self) {
            try AudioFile(path: path).samples(in: SampleRange(uncheckedStart: 100_000, end: 150_000))
        }
    }

    @Test func `decodes a FLAC that does not say how long it is`() throws {
        let samples = (0..<50_000).map { Int16(truncatingIfNeeded: $0 * 7_919) }
        try SoundFile.write(samples, to: folder.file("a.flac"), coding: .flac16)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file("a.flac")))
        // The total of samples, 36 bits of the first metadata block.
        bytes[21] &= 0xF0
        bytes.replaceSubrange(22..<26, with: [0, 0, 0, 0])
        let path = try folder.write(bytes, to: "endless.flac")
        #expect(try AudioFile(path: path).isSampleExact == false)
        #expect(try whole(path) == samples)
    }

    @Test func `never crashes, whatever the bytes are`() throws {
        let seed = TestSeed.value
        var generator = SeededGenerator(seed: seed)
        for coding in SoundFile.Coding.allCases {
            let name = "\(coding)"
            try SoundFile.write(
                SoundFile.tone(seconds: 0.5, rate: 48_000), to: folder.file(name), coding: coding, rate: 48_000)
            let good = try Data(contentsOf: URL(fileURLWithPath: folder.file(name)))
            for _ in 0..<30 {
                var bytes = good
                for _ in 0..<Int.random(in: 1...20, using: &generator) {
                    // Headers are the likelier place for trouble.
                    let reach = Bool.random(using: &generator) ? min(100, bytes.count) : bytes.count
                    bytes[Int.random(in: 0..<reach, using: &generator)] = .random(in: 0...255, using: &generator)
                }
                if Bool.random(using: &generator) {
                    bytes = bytes.prefix(.random(in: 1...bytes.count, using: &generator))
                }
                let path = try folder.write(bytes, to: "fuzzed")
                guard let file = try? AudioFile(path: path) else { continue }
                _ = try? file.forEachBlock { _ in }
                _ = try? file.samples(in: SampleRange(uncheckedStart: 100, end: 2_000))
            }
        }
    }
}
