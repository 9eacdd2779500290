import MillraceCore
import NIOCore
import Testing

@testable import MillraceSpeech

@Suite struct FLACDecoderTests {
    @Test(arguments: [1, 4_095, 4_096, 480_000])
    func `gives the samples that were encoded, to the bit`(count: Int) throws {
        let audio = AudioChunk(samples: (0..<count).map { Int16(truncatingIfNeeded: $0 &* 7_919) })
        var buffer = ByteBuffer()
        #expect(FLACEncoder.append(audio, to: &buffer))
        #expect(FLACDecoder.audio(of: Array(buffer.readableBytesView)) == audio)
    }

    @Test func `gives nothing for what is cut off or no FLAC at all`() throws {
        let audio = AudioChunk(samples: (0..<48_000).map { Int16(truncatingIfNeeded: $0 &* 7_919) })
        var buffer = ByteBuffer()
        #expect(FLACEncoder.append(audio, to: &buffer))
        let bytes = Array(buffer.readableBytesView)
        for count in [0, 3, 40, bytes.count / 2, bytes.count - 100] {
            #expect(FLACDecoder.audio(of: Array(bytes.prefix(count))) == nil, "\(count) bytes")
        }
        #expect(FLACDecoder.audio(of: Array("RIFF, says who".utf8)) == nil)
        #expect(FLACDecoder.audio(of: WAVEncoder.encode(audio)) == nil)
    }
}
