/// Why samples never reached Prometheus. The raw value is the label `reason` of what counts them.
public enum OutboxDropReason: String, Hashable, Sendable, Codable, CaseIterable {
    /// They grew older than Prometheus takes while it could not be reached.
    case tooOld = "too_old"
    /// The outbox, or the disk that it is on, was full, and they were the oldest.
    case overflow
    /// The endpoint refused them as wrong (4xx).
    case rejected
    /// They could not be sent as they are.
    case invalid
    /// The endpoint failed on them again and again while it took others.
    case quarantined
    /// There was one of the same time or a later one of the same series before.
    case outOfOrder = "out_of_order"
    /// What is on the disk of them could not be read.
    case damaged
}
