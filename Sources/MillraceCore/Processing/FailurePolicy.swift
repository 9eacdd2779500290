/// What becomes of a transcript when a chunk fails for good.
public enum FailurePolicy: String, Sendable, Codable, CaseIterable {
    /// The transcript is PARTIAL, its gap marked.
    case partial
    /// The transcript is FAILED.
    case fail
}
