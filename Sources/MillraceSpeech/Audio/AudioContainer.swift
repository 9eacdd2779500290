internal import CSndFile

/// The kinds of audio file that are read.
public enum AudioContainer: String, Sendable, CaseIterable {
    /// RIFF WAVE, RF64 included.
    case wav = "WAV"
    /// FLAC.
    case flac = "FLAC"
    /// Ogg with Vorbis or Opus.
    case ogg = "OGG"
    /// MPEG audio.
    case mp3 = "MP3"

    /// The names of all, for messages.
    static let names = allCases.map(\.rawValue).joined(separator: ", ")

    /// The kind that libsndfile found, if it is one of ours.
    init?(format: Int32) {
        switch Int(format) & SF_FORMAT_TYPEMASK {
        case SF_FORMAT_WAV, SF_FORMAT_WAVEX, SF_FORMAT_RF64: self = .wav
        case SF_FORMAT_FLAC: self = .flac
        case SF_FORMAT_OGG: self = .ogg
        case SF_FORMAT_MPEG: self = .mp3
        default: return nil
        }
    }
}

extension AudioContainer {
    /// Whether a file of this kind, with this coding inside, can be sought to the exact frame.
    func isSeekable(format: Int32) -> Bool {
        switch self {
        case .flac: return true
        case .ogg, .mp3: return false
        case .wav:
            let exact = [
                SF_FORMAT_PCM_U8, SF_FORMAT_PCM_S8, SF_FORMAT_PCM_16, SF_FORMAT_PCM_24, SF_FORMAT_PCM_32,
                SF_FORMAT_FLOAT, SF_FORMAT_DOUBLE, SF_FORMAT_ULAW, SF_FORMAT_ALAW,
            ]
            return exact.contains(Int(format) & SF_FORMAT_SUBMASK)
        }
    }
}
