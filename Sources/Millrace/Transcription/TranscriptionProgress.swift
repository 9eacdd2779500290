public import MillraceCore

/// How far a run is.
public struct TranscriptionProgress: Sendable, Hashable {
    /// Where the processing stands.
    public let status: ProcessingStatus
    /// Chunks in all.
    public let total: Int
    /// Chunks transcribed, by whomever.
    public let completed: Int
    /// Chunks that failed for good.
    public let failed: Int
    /// Of the completed ones, those that this process found in the cache, or that were found there before.
    public let cached: Int
}
