/// The end of a processing: what the merge made of its chunks.
public struct MergeOutcome: Sendable, Hashable {
    /// The merge job, with the token of its claim.
    public let job: Job
    /// The processing and round that were merged.
    public let merge: MergePayload
    /// The transcript as it is to be stored. Its status becomes that of the processing.
    public let transcript: Transcript

    /// Describes the end of a processing.
    public init(job: Job, merge: MergePayload, transcript: Transcript) {
        self.job = job
        self.merge = merge
        self.transcript = transcript
    }
}
