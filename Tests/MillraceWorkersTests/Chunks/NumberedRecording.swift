import MillraceCore

/// Recordings whose every chunk consists of its own number, counted from 1 because zeros would be silence; none at a
/// path that is out of reach.
struct NumberedRecording: RecordingReader {
    static let samplesPerChunk: Int64 = 1_600

    var unreachable: Set<String> = []

    func chunk(_ range: SampleRange, of source: RecordingSource) async throws(TranscriptionError) -> AudioChunk {
        guard !unreachable.contains(source.path) else {
            throw TranscriptionError(.unreadable, "\(source.path) is not here")
        }
        let number = Int16(range.start / Self.samplesPerChunk) + 1
        return AudioChunk(samples: Array(repeating: number, count: range.count))
    }

    /// The sound as it is kept: two bytes a sample instead of FLAC.
    static func kept(_ number: Int) -> [UInt8] {
        (0..<samplesPerChunk).flatMap { _ in [UInt8(number + 1), 0] }
    }

    func chunk(flac: [UInt8]) async throws(TranscriptionError) -> AudioChunk {
        AudioChunk(samples: stride(from: 0, to: flac.count, by: 2).map { Int16(flac[$0]) })
    }
}
