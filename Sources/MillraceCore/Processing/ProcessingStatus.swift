/// Where a processing stands. The raw value is what every store keeps.
public enum ProcessingStatus: String, Sendable, Codable, CaseIterable {
    /// Planned; no chunk was claimed yet.
    case pending = "PENDING"
    /// Chunks are being transcribed.
    case processing = "PROCESSING"
    /// Every chunk has ended; the merge is queued or running.
    case merging = "MERGING"
    /// The transcript is whole.
    case completed = "COMPLETED"
    /// The transcript has gaps.
    case partial = "PARTIAL"
    /// There is no transcript.
    case failed = "FAILED"
    /// Called off.
    case cancelled = "CANCELLED"

    /// Whether nothing further happens unless somebody resumes it.
    public var isFinal: Bool {
        switch self {
        case .pending, .processing, .merging: false
        case .completed, .partial, .failed, .cancelled: true
        }
    }

    /// Whether the same recording and recipe take this run up again instead of starting another.
    public var isResumable: Bool {
        switch self {
        case .pending, .processing, .merging, .partial, .failed: true
        case .completed, .cancelled: false
        }
    }
}
