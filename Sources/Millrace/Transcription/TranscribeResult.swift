public import MillraceCore

/// What a job of type `JobType.transcribe` leaves when its transcript is there.
public struct TranscribeResult: Sendable, Hashable, Codable {
    /// The transcript.
    public let transcriptID: TranscriptID
    /// The processing that made it.
    public let processingID: ProcessingID
    /// COMPLETED, or PARTIAL for a transcript with gaps.
    public let status: ProcessingStatus

    /// Describes the transcript that a processing made.
    init(_ row: ParallelProcessor.Row) {
        transcriptID = row.transcriptID
        processingID = row.id
        status = row.status
    }
}
