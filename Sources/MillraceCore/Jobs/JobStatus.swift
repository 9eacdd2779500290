/// Where a job stands. The raw value is what every store keeps.
public enum JobStatus: String, Sendable, Codable, CaseIterable {
    /// May be claimed now.
    case queued = "QUEUED"
    /// Waits for its time; claimable once that has come.
    case scheduled = "SCHEDULED"
    /// Held by a worker under a lease.
    case processing = "PROCESSING"
    /// Done; the result is kept.
    case completed = "COMPLETED"
    /// Failed for good; may be queued again by hand.
    case failed = "FAILED"
    /// Called off; may be queued again by hand.
    case cancelled = "CANCELLED"

    /// The statuses that this one may change to.
    public var nextStatuses: Set<JobStatus> {
        switch self {
        case .scheduled: [.queued, .cancelled]
        case .queued: [.processing, .scheduled, .cancelled]
        case .processing: [.completed, .failed, .scheduled, .queued, .cancelled]
        case .failed, .cancelled: [.queued]
        case .completed: []
        }
    }

    /// Whether the job still has work ahead of it: neither completed, failed nor cancelled.
    public var isOpen: Bool {
        switch self {
        case .queued, .scheduled, .processing: true
        case .completed, .failed, .cancelled: false
        }
    }
}
