/// A value that was looked up or made.
public struct CacheLoad: Hashable, Sendable {
    /// The value.
    public let value: CacheValue
    /// The tier that had it; `nil` when it was made now.
    public let tier: CacheTierName?

    /// Describes a value and where it came from.
    public init(value: CacheValue, tier: CacheTierName?) {
        self.value = value
        self.tier = tier
    }
}
