import CSndFile
import Foundation
import MillraceCore
import Testing

/// Writes recordings for tests.
enum SoundFile {
    /// Codings of files.
    enum Coding: Int, CaseIterable, CustomTestStringConvertible {
        case wav16, wav24, wavFloat, wavADPCM, flac16, flac24, oggVorbis, oggOpus, mp3, aiff

        var format: Int {
            switch self {
            case .wav16: SF_FORMAT_WAV | SF_FORMAT_PCM_16
            case .wav24: SF_FORMAT_WAV | SF_FORMAT_PCM_24
            case .wavFloat: SF_FORMAT_WAV | SF_FORMAT_FLOAT
            case .wavADPCM: SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM
            case .flac16: SF_FORMAT_FLAC | SF_FORMAT_PCM_16
            case .flac24: SF_FORMAT_FLAC | SF_FORMAT_PCM_24
            case .oggVorbis: SF_FORMAT_OGG | SF_FORMAT_VORBIS
            case .oggOpus: SF_FORMAT_OGG | SF_FORMAT_OPUS
            case .mp3: SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III
            case .aiff: SF_FORMAT_AIFF | SF_FORMAT_PCM_16
            }
        }

        var testDescription: String { "\(self)" }
    }

    /// Writes frames of interleaved samples between -1 and 1.
    static func write(
        _ samples: [Float], to path: String, coding: Coding = .wav16, rate: Int = 16_000, channels: Int = 1
    ) throws {
        var info = SF_INFO()
        info.samplerate = Int32(rate)
        info.channels = Int32(channels)
        info.format = Int32(coding.format)
        let handle = try #require(sf_open(path, Int32(SFM_WRITE), &info))
        sf_command(handle, Int32(SFC_SET_CLIPPING), nil, Int32(SF_TRUE))
        let written = samples.withUnsafeBufferPointer { sf_write_float(handle, $0.baseAddress, sf_count_t($0.count)) }
        #expect(written == samples.count)
        #expect(sf_close(handle) == 0)
    }

    /// Writes samples of 16 bits without any change.
    static func write(_ samples: [Int16], to path: String, coding: Coding = .wav16, rate: Int = 16_000) throws {
        try write(samples.map { Float($0) / 32_768 }, to: path, coding: coding, rate: rate)
    }

    /// A tone, the same in every channel.
    static func tone(
        hertz: Double = 440, seconds: Double, rate: Int = 16_000, channels: Int = 1, volume: Float = 0.5
    ) -> [Float] {
        (0..<Int(seconds * Double(rate))).flatMap { frame in
            let value = volume * Float(sin(2 * .pi * hertz * Double(frame) / Double(rate)))
            return [Float](repeating: value, count: channels)
        }
    }

}
