public import MillraceCore

/// What the shared tier says about itself: how far it has heard, and what in it is ruled out though it is still there.
public struct SharedJournal: Hashable, Sendable {
    /// How far it has heard; `nil` when it knows nothing.
    public let cursor: SharedCursor?
    /// Invalidated patterns that were not purged yet: of keys that match nothing older than the version counts.
    public let rules: [CachePattern: Int64]
    /// The connection that was there before it was asked: behind a later one, the tier may be an older copy of itself.
    public let connection: Int

    /// Describes a tier.
    public init(cursor: SharedCursor?, rules: [CachePattern: Int64] = [:], connection: Int) {
        self.cursor = cursor
        self.rules = rules
        self.connection = connection
    }
}
