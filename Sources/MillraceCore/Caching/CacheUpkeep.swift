/// What one pass of upkeep did.
public struct CacheUpkeep: Hashable, Sendable {
    /// Values whose accesses were written.
    public var accesses = 0
    /// Expired values that were removed.
    public var expired = 0
    /// Values that were given up to keep the store within its bounds.
    public var evicted = 0
    /// Values that an invalidation had ruled out and that were removed for a process that did not come to it.
    public var purged = 0
    /// Whether there is more to remove.
    public var isUnfinished = false

    /// Nothing done yet.
    public init() {}

    /// Describes what a store removed.
    public init(expired: Int, evicted: Int, isUnfinished: Bool) {
        self.expired = expired
        self.evicted = evicted
        self.isUnfinished = isUnfinished
    }

    /// Adds what another pass did; what is left to do is what the later one left.
    public mutating func add(_ later: CacheUpkeep) {
        accesses += later.accesses
        expired += later.expired
        evicted += later.evicted
        purged += later.purged
        isUnfinished = later.isUnfinished
    }
}
