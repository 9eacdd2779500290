/// What the values of a metric mean.
public enum MetricKind: String, Hashable, Sendable, Codable, CaseIterable {
    /// Counts up from zero; a smaller value means that the process began anew.
    case counter
    /// Goes up and down.
    case gauge
    /// Counts observations in buckets, and adds them up.
    case histogram
}
