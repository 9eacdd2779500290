/// An invalidation that counts: no entry that is older than it and whose key its pattern means is there any more.
///
/// The authority keeps it until what it rules out has been removed from every tier, which may take a while; who reads
/// goes by the rule meanwhile.
public struct CacheRule: Hashable, Sendable {
    /// The version of the invalidation: what has a smaller one is older than it.
    public let version: Int64
    /// The keys that are meant.
    public let pattern: CachePattern
    /// When it was made, by the clock of the authority.
    public let madeAt: Timestamp

    /// Describes an invalidation.
    public init(version: Int64, pattern: CachePattern, madeAt: Timestamp) {
        self.version = version
        self.pattern = pattern
        self.madeAt = madeAt
    }

    /// Whether an entry of a version under a key is gone because of the rule.
    public func rulesOut(_ key: CacheKey, version: Int64) -> Bool {
        version < self.version && pattern.matches(key)
    }
}
