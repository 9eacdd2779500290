public import MillraceCore

/// What writers tell all caches of a store: that a key or a pattern is being written or was.
///
/// It only hastens what every cache learns from the authority within a second anyway, so it may be lost.
public struct SharedMessage: Hashable, Sendable {
    /// Which of the tier's channels it came by.
    public let channel: Int
    /// Its number in that channel: one more than that of the message before.
    public let sequence: Int64
    /// The cache whose write it is.
    public let origin: SharedToken
    /// What is written.
    public let scope: CacheChanges.Change.Scope
    /// The version that the write got; `nil` before that is known.
    public let version: Int64?

    /// Describes a write.
    public init(
        channel: Int, sequence: Int64, origin: SharedToken, scope: CacheChanges.Change.Scope, version: Int64?
    ) {
        self.channel = channel
        self.sequence = sequence
        self.origin = origin
        self.scope = scope
        self.version = version
    }
}

/// What a cache hears from the shared tier.
public enum SharedEvent: Hashable, Sendable {
    /// Somebody writes.
    case message(SharedMessage)
    /// Messages may have been missed.
    case gap
}

/// A cache's ear at the shared tier.
public protocol SharedSubscription: Sendable {
    /// Hears no more. Closing it again changes nothing.
    func close()
}
