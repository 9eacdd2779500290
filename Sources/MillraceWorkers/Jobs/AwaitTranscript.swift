public import MillraceCore

/// Thrown by a handler to have its job run again when a transcript has ended, however it ends; counts as no retry.
///
/// The job takes no place meanwhile, however long that is, and nobody asks for it: the end of the transcript makes it due
/// in the same transaction. When it is run again, `Job.awaits` names the transcript.
public struct AwaitTranscript: Error, Hashable {
    /// The transcript to wait for.
    public let transcript: TranscriptID
    /// After this time the job is run again in any case.
    public let patience: Duration

    /// Waits for a transcript.
    public init(_ transcript: TranscriptID, patience: Duration = .seconds(3_600)) {
        self.transcript = transcript
        self.patience = patience
    }
}
