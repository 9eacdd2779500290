/// What one step of the removal of what a ``CacheRule`` rules out did.
public struct CachePurge: Hashable, Sendable {
    /// Entries that were removed and had not expired.
    public let removed: Int
    /// Whether nothing is left that the rule means.
    public let isFinished: Bool

    /// Describes a step.
    public init(removed: Int, isFinished: Bool) {
        self.removed = removed
        self.isFinished = isFinished
    }
}
