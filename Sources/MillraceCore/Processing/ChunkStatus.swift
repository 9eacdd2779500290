/// Where a chunk stands. The raw value is what every store keeps.
public enum ChunkStatus: String, Sendable, Codable, CaseIterable {
    /// To be claimed, at once or when its retry is due.
    case pending = "PENDING"
    /// Held by a worker under a lease.
    case processing = "PROCESSING"
    /// Transcribed.
    case completed = "COMPLETED"
    /// Failed for good.
    case failed = "FAILED"
    /// Called off.
    case cancelled = "CANCELLED"

    /// Whether the chunk counts as done with, one way or the other.
    public var isFinal: Bool { self != .pending && self != .processing }
}
