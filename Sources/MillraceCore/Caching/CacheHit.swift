/// A value that the cache had.
public struct CacheHit: Hashable, Sendable {
    /// The value.
    public let value: CacheValue
    /// The tier that answered.
    public let tier: CacheTierName
    /// How long the value may still be served.
    public let remaining: TTL

    /// Describes a hit.
    public init(value: CacheValue, tier: CacheTierName, remaining: TTL) {
        self.value = value
        self.tier = tier
        self.remaining = remaining
    }
}
