import CSndFile
import Foundation
import MillraceCore
import NIOCore
import Testing

@testable import MillraceSpeech

@Suite struct TranscriptionFormTests {
    private let audio = AudioChunk(samples: SyntheticSpeech.make(seed: 3, seconds: 5).samples)

    @Test func `FLAC in memory holds the same samples in less room`() throws {
        var buffer = ByteBuffer(string: "before")
        #expect(FLACEncoder.append(audio, to: &buffer))
        #expect(buffer.readString(length: 6) == "before")
        #expect(buffer.readableBytes < audio.samples.count * 2)
        let folder = try TemporaryFolder()
        let path = try folder.write(Data(buffer.readableBytesView), to: "chunk.flac")
        let file = try AudioFile(path: path)
        #expect(file.container == .flac && file.frameCount == Int64(audio.samples.count))
        #expect(try file.samples(in: SampleRange(start: 0, end: Int64(audio.samples.count))) == audio.samples)
    }

    @Test func `the same chunk is the same file every time`() {
        var (one, two) = (ByteBuffer(), ByteBuffer())
        #expect(FLACEncoder.append(audio, to: &one) && FLACEncoder.append(audio, to: &two))
        #expect(one == two)
    }

    @Test func `a chunk of a few samples can be encoded`() throws {
        for count in [1, 15, 16, 4_097] {
            var buffer = ByteBuffer()
            #expect(FLACEncoder.append(AudioChunk(samples: Array(repeating: 7, count: count)), to: &buffer))
            #expect(buffer.getString(at: 0, length: 4) == "fLaC")
        }
    }

    @Test func `the body is written into one piece of memory`() throws {
        let form = try TranscriptionForm(
            audio,
            recipe: Recipe(engine: EngineIdentity(known: "openai"), prompt: String(repeating: "x", count: 5_000)),
            model: "m", dialect: APIDialect(model: "m"))
        #expect(form.body.capacity <= (audio.samples.count * 2 + 8_192).nextPowerOf2)
    }
}

extension Int {
    fileprivate var nextPowerOf2: Int {
        var power = 1
        while power < self { power *= 2 }
        return power
    }
}
