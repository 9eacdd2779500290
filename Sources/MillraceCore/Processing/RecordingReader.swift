/// Gives workers the sound of chunks.
public protocol RecordingReader: Sendable {
    /// Reads a stretch of a recording.
    ///
    /// The same stretch of the same recording is the same samples, to the bit, on every call.
    ///
    /// - Throws: ``TranscriptionError`` `unreadable` when the file cannot be reached or decoded here, `changed` when
    ///   its bytes are not those that were planned, `withdrawn` when its URL gives it no more.
    func chunk(_ range: SampleRange, of source: RecordingSource) async throws(TranscriptionError) -> AudioChunk
}
