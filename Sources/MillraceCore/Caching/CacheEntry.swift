/// A value under a key, with the time from which no tier serves it.
public struct CacheEntry: Hashable, Sendable {
    /// The key.
    public let key: CacheKey
    /// The value.
    public let value: CacheValue
    /// When it was put.
    public let createdAt: Timestamp
    /// The time from which it is gone.
    public let expiresAt: Timestamp
    /// The version that the put got: later puts of a key have greater ones.
    public let version: Int64

    /// Describes a cached value.
    public init(key: CacheKey, value: CacheValue, createdAt: Timestamp, expiresAt: Timestamp, version: Int64) {
        self.key = key
        self.value = value
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.version = version
    }

    /// How long it may still be served; `nil` when it is gone.
    public func remaining(at now: Timestamp) -> TTL? {
        // A clock that was set back must not make a fresh entry look gone.
        try? TTL(min(expiresAt - now, TTL.maximum.duration))
    }
}
