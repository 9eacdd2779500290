public import MillraceCore

/// Writes sound as a WAV file in memory: 16 kHz, mono, 16 bits.
public enum WAVEncoder {
    /// The bytes before the first sample.
    public static let headerSize = 44

    /// The bytes of a WAV file with this sound: a header of 44 bytes, then two bytes a sample.
    public static func encode(_ audio: AudioChunk) -> [UInt8] {
        let rate = UInt32(SampleRange.sampleRate)
        let size = UInt32(clamping: audio.samples.count * 2)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerSize + audio.samples.count * 2)
        func append(_ text: String) { bytes += text.utf8 }
        func append(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
        append("RIFF")
        append(UInt32(clamping: UInt64(size) + UInt64(headerSize - 8)))
        append("WAVEfmt ")
        append(UInt32(16))
        append(UInt16(1))  // PCM
        append(UInt16(1))  // channels
        append(rate)
        append(rate * 2)  // bytes a second
        append(UInt16(2))  // bytes a frame
        append(UInt16(16))  // bits a sample
        append("data")
        append(size)
        for sample in audio.samples {
            bytes.append(UInt8(truncatingIfNeeded: sample))
            bytes.append(UInt8(truncatingIfNeeded: sample >> 8))
        }
        return bytes
    }
}
