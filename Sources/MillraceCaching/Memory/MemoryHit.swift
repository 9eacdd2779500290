public import MillraceCore

/// A value that memory had.
public struct MemoryHit: Sendable, Hashable {
    /// The entry as it was taken in.
    public let entry: CacheEntry
    /// How long it may still be served.
    public let remaining: TTL
}
