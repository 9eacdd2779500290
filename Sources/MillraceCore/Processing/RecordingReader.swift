/// Gives workers the sound of chunks.
public protocol RecordingReader: Sendable {
    /// Reads a stretch of a recording.
    ///
    /// The same stretch of the same recording is the same samples, to the bit, on every call.
    ///
    /// - Throws: ``TranscriptionError`` `unreadable` when the file cannot be reached or decoded here, `changed` when
    ///   its bytes are not those that were planned, `withdrawn` when its URL gives it no more.
    func chunk(_ range: SampleRange, of source: RecordingSource) async throws(TranscriptionError) -> AudioChunk

    /// Reads the sound that was kept with a chunk, as FLAC of 16 kHz, mono, 16 bits.
    ///
    /// - Throws: ``TranscriptionError`` `notAudio` when it is nothing of the kind.
    func chunk(flac: [UInt8]) async throws(TranscriptionError) -> AudioChunk
}
