/// Aggregate root of a cache: its bounds and what it has counted. Kept as settings; the values have stores of their own.
public struct CacheManager: AggregateRoot, Hashable {
    /// The bounds of the memory tier.
    public struct Limits: Hashable, Sendable, Codable {
        /// No more values in memory than this.
        public let entries: Int
        /// No more bytes of keys and values in memory than this.
        public let bytes: Int

        /// Makes bounds; the defaults are 10,000 values and 64 MiB.
        ///
        /// - Throws: ``InvalidValue`` unless both are positive.
        public init(entries: Int = 10_000, bytes: Int = 64 << 20) throws(InvalidValue) {
            guard entries > 0, bytes > 0 else { throw InvalidValue("cache limits", "must be positive") }
            self.entries = entries
            self.bytes = bytes
        }

        private init(standardEntries: Int, bytes: Int) {
            entries = standardEntries
            self.bytes = bytes
        }

        /// 10,000 values, 64 MiB.
        public static let standard = Limits(standardEntries: 10_000, bytes: 64 << 20)
    }

    /// The bounds of what the store keeps.
    public struct StoreLimits: Hashable, Sendable {
        /// No more values in the store than this; `nil` for any number.
        public let entries: Int?
        /// No more bytes of keys and values in the store than this; `nil` for any number.
        public let bytes: Int?

        /// Makes bounds; the defaults are any number of values and 1 GiB.
        ///
        /// - Throws: ``InvalidValue`` unless each that is given is positive.
        public init(entries: Int? = nil, bytes: Int? = 1 << 30) throws(InvalidValue) {
            guard entries ?? 1 > 0, bytes ?? 1 > 0 else { throw InvalidValue("cache limits", "must be positive") }
            self.entries = entries
            self.bytes = bytes
        }

        private init(standardBytes: Int) {
            entries = nil
            bytes = standardBytes
        }

        /// Any number of values, 1 GiB.
        public static let standard = StoreLimits(standardBytes: 1 << 30)
    }

    /// How long a holder of the right to clean a store keeps it after each time: 30 s.
    public static let upkeepLease = Duration.seconds(30)

    /// Identity.
    public let id: CacheID
    /// The name of the cache.
    public let name: String
    /// The bounds of its memory tier.
    public var limits: Limits
    /// What each tier has done, added up over processes.
    public var counters: [CacheTierName: CacheStats.TierCounters]
    /// The version that was loaded; 0 for one that is not stored yet.
    public let version: Int64

    /// Describes a cache.
    ///
    /// - Throws: ``InvalidValue`` when the name is empty, over 100 bytes or holds control characters.
    public init(
        id: CacheID, name: String, limits: Limits = .standard,
        counters: [CacheTierName: CacheStats.TierCounters] = [:], version: Int64 = 0
    ) throws(InvalidValue) {
        self.id = id
        self.name = try ShortName.validate(name, kind: "cache name", limit: 100)
        self.limits = limits
        self.counters = counters
        self.version = version
    }

    /// Adds what a process has counted.
    public mutating func add(_ tier: CacheTierName, _ counted: CacheStats.TierCounters) {
        counters[tier, default: .init()].add(counted)
    }
}
