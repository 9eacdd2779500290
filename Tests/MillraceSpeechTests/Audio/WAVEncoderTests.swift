import Foundation
import MillraceCore
import MillraceSpeech
import Testing

@Suite struct WAVEncoderTests {
    @Test func `writes the header and the samples byte by byte`() {
        let bytes = WAVEncoder.encode(AudioChunk(samples: [0, 1, -1, 258]))
        let header: [UInt8] =
            Array("RIFF".utf8) + [44, 0, 0, 0] + Array("WAVEfmt ".utf8)
            + [16, 0, 0, 0, 1, 0, 1, 0, 0x80, 0x3E, 0, 0, 0, 0x7D, 0, 0, 2, 0, 16, 0] + Array("data".utf8) + [
                8, 0, 0, 0,
            ]
        #expect(bytes == header + [0, 0, 1, 0, 0xFF, 0xFF, 2, 1])
        #expect(header.count == WAVEncoder.headerSize)
    }

    @Test func `is read back to the bit`() throws {
        let folder = try TemporaryFolder()
        let samples = (0..<5_000).map { Int16(truncatingIfNeeded: $0 * 7_919) }
        let path = try folder.write(Data(WAVEncoder.encode(AudioChunk(samples: samples))), to: "a.wav")
        let range = SampleRange(uncheckedStart: 0, end: 5_000)
        #expect(try AudioFile(path: path).samples(in: range) == samples)
    }
}
