/// How often a value was looked up, and when last; reaches the authority in batches.
public struct CacheAccess: Hashable, Sendable {
    /// The key of the value.
    public let key: CacheKey
    /// Lookups that found it, since the last report.
    public var count: Int
    /// The last of them.
    public var lastAt: Timestamp

    /// Describes lookups.
    public init(key: CacheKey, count: Int, lastAt: Timestamp) {
        self.key = key
        self.count = count
        self.lastAt = lastAt
    }
}
