internal import CSndFile
internal import Foundation
internal import MillraceTesting

/// Short recordings of every kind that is read, and of some that are not.
enum SampleRecording {
    private static let formats = [
        SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_WAV | SF_FORMAT_PCM_24, SF_FORMAT_WAV | SF_FORMAT_FLOAT,
        SF_FORMAT_WAV | SF_FORMAT_ULAW, SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM, SF_FORMAT_WAVEX | SF_FORMAT_PCM_16,
        SF_FORMAT_RF64 | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_24,
        SF_FORMAT_OGG | SF_FORMAT_VORBIS, SF_FORMAT_OGG | SF_FORMAT_OPUS, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
        SF_FORMAT_AIFF | SF_FORMAT_PCM_16,
    ]

    /// The bytes of all, each made at the path first.
    static func all(at path: String) throws -> [[UInt8]] {
        var recordings: [[UInt8]] = []
        for format in formats {
            for (rate, channels) in [(16_000, 1), (48_000, 2)] {
                try write(format: format, rate: rate, channels: channels, to: path)
                recordings.append(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
            }
        }
        return recordings
    }

    private static func write(format: Int, rate: Int, channels: Int, to path: String) throws {
        var info = SF_INFO()
        info.samplerate = Int32(rate)
        info.channels = Int32(channels)
        info.format = Int32(format)
        guard let handle = sf_open(path, Int32(SFM_WRITE), &info) else {
            throw ContractViolation("libsndfile cannot write format \(String(format, radix: 16))")
        }
        defer { sf_close(handle) }
        var generator = SeededGenerator(seed: UInt64(format))
        let samples = (0..<rate / 4 * channels).map { _ in Float.random(in: -0.5...0.5, using: &generator) }
        let written = sf_write_float(handle, samples, sf_count_t(samples.count))
        guard written == samples.count else { throw ContractViolation("libsndfile wrote \(written) samples") }
    }
}
