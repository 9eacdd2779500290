/// What the cache holds and what it has done since the process began.
public struct CacheStats: Hashable, Sendable {
    /// What one tier has done.
    public struct TierCounters: Hashable, Sendable, Codable {
        /// Lookups that it answered.
        public var hits: Int
        /// Lookups that it could not answer.
        public var misses: Int
        /// Values that it gave up to stay within its bounds.
        public var evictions: Int

        /// Makes counters.
        public init(hits: Int = 0, misses: Int = 0, evictions: Int = 0) {
            self.hits = hits
            self.misses = misses
            self.evictions = evictions
        }

        /// The part of the lookups that were answered, from 0 to 1; `nil` without lookups.
        public var hitRatio: Double? {
            hits + misses == 0 ? nil : Double(hits) / Double(hits + misses)
        }

        /// Adds what was counted elsewhere.
        public mutating func add(_ other: TierCounters) {
            hits += other.hits
            misses += other.misses
            evictions += other.evictions
        }
    }

    /// Values in memory.
    public var l1Size: Int
    /// Values in Redis, whatever else may be there; `nil` without Redis, or when it cannot be asked.
    public var l2Size: Int?
    /// Values in the SQL store that have not expired.
    public var l3Count: Int
    /// Bytes that the values in memory take.
    public var l1MemoryBytes: Int
    /// What each tier has done.
    public var tiers: [CacheTierName: TierCounters]
    /// What each tier has done in all processes that use the store, this one included; others as of their last report.
    public var total: [CacheTierName: TierCounters]
    /// Loads that ran because no tier had the value.
    public var loads: Int
    /// Loads that failed.
    public var loadFailures: Int
    /// Values that were in Redis and could not be read: damaged, or of a format that is not known.
    public var l2Damaged: Int

    /// Describes a cache.
    public init(
        l1Size: Int, l2Size: Int?, l3Count: Int, l1MemoryBytes: Int, tiers: [CacheTierName: TierCounters],
        total: [CacheTierName: TierCounters], loads: Int, loadFailures: Int,
        l2Damaged: Int = 0
    ) {
        self.l1Size = l1Size
        self.l2Size = l2Size
        self.l3Count = l3Count
        self.l1MemoryBytes = l1MemoryBytes
        self.tiers = tiers
        self.total = total
        self.loads = loads
        self.loadFailures = loadFailures
        self.l2Damaged = l2Damaged
    }
}
