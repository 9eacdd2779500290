internal import MillraceCore
internal import MillraceSpeech

/// Keeps the sound of a run's chunks in the store, for workers that do not reach the recording.
struct ChunkUpload: Sendable {
    let processings: any ProcessingRepository
    let reader: FileRecordingReader

    /// What is sent at once: large enough to be quick, small enough that others can begin soon.
    private static let batchBytes = 1 << 20

    /// Stores what is missing; `source` is the recording as it is found here.
    ///
    /// What an earlier run has stored, or others have transcribed already, is not sent again.
    func run(_ id: ProcessingID, source: RecordingSource) async throws {
        var batch: [ChunkID: [UInt8]] = [:]
        var bytes = 0
        for chunk in try await processings.chunksWithoutAudio(of: id) {
            try Task.checkCancellation()
            let flac = try await reader.flac(of: chunk.range, of: source)
            batch[chunk.id] = flac
            bytes += flac.count
            guard bytes >= Self.batchBytes else { continue }
            try await processings.storeAudio(batch)
            (batch, bytes) = ([:], 0)
        }
        try await processings.storeAudio(batch)
    }
}
