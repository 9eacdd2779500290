public import MillraceCore

/// What a memory tier, or a part of it, holds and has done.
public struct MemoryUsage: Sendable, Hashable {
    /// Values held, those that have expired but were not noticed included.
    public internal(set) var entries = 0
    /// Bytes that they take: keys, values and what the map needs for each.
    public internal(set) var bytes = 0
    /// Lookups answered, lookups not answered, values given up.
    public internal(set) var counters = CacheStats.TierCounters()

    mutating func add(_ other: MemoryUsage) {
        entries += other.entries
        bytes += other.bytes
        counters.add(other.counters)
    }
}
