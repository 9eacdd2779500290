internal import MillraceCore

/// Reads a recording where this process has just found it, even if the stored path is an older place of it.
struct KnownPlaceReader: RecordingReader {
    let base: any RecordingReader
    let known: RecordingSource

    func chunk(_ range: SampleRange, of source: RecordingSource) async throws(TranscriptionError) -> AudioChunk {
        try await base.chunk(range, of: source.hash == known.hash ? known : source)
    }

    func chunk(flac: [UInt8]) async throws(TranscriptionError) -> AudioChunk {
        try await base.chunk(flac: flac)
    }
}
