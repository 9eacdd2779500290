/// Where a transcript stands. The raw value is what every store keeps.
public enum TranscriptStatus: String, Sendable, Codable, CaseIterable {
    /// Its processing has not ended.
    case processing = "PROCESSING"
    /// Whole.
    case completed = "COMPLETED"
    /// With gaps.
    case partial = "PARTIAL"
    /// There is none.
    case failed = "FAILED"
    /// Called off.
    case cancelled = "CANCELLED"

    /// The status of the processing that ends with such a transcript; `nil` while it has not ended.
    public var processingStatus: ProcessingStatus? {
        switch self {
        case .processing: nil
        case .completed: .completed
        case .partial: .partial
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }
}
