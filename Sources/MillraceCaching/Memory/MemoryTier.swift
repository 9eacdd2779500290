public import MillraceCore

/// The first level of the cache: a sharded map in the memory of the process, bounded by entries and by bytes.
///
/// Every call is synchronous and holds the lock of one shard; a lookup hops to no actor. The bounds are divided evenly
/// among the shards; a shard that is full gives up by S3-FIFO what is used least, and a value larger than its shard's
/// share is not kept at all.
public final class MemoryTier: Sendable {
    private let shards: [MemoryShard]
    private let clock: any WallClock

    /// Makes an empty tier.
    ///
    /// `shardCount` of `nil` takes one shard for each 256 entries allowed, at least 1 and at most 64.
    public init(limits: CacheManager.Limits = .standard, clock: any WallClock, shardCount: Int? = nil) {
        let count = max(1, shardCount ?? min(64, limits.entries / 256))
        self.clock = clock
        shards = (0..<count).map { index in
            // The first shards take what does not divide evenly, so that the sum of the bounds is the bound.
            MemoryShard(
                maximumEntries: limits.entries / count + (index < limits.entries % count ? 1 : 0),
                maximumBytes: limits.bytes / count + (index < limits.bytes % count ? 1 : 0))
        }
    }

    /// Looks a value up; `nil` when it is not there or has expired.
    public func entry(_ key: CacheKey) -> CacheEntry? {
        shard(of: key).entry(key, at: clock.now())
    }

    /// Counts the removals in the neighbourhood of a key.
    ///
    /// Read it before a value is fetched from elsewhere and hand it to ``insert(_:ifRemovals:)``, so that a value that
    /// is deleted meanwhile is not kept.
    public func removals(near key: CacheKey) -> UInt64 {
        shard(of: key).removals
    }

    /// Keeps an entry for what remains of it, at most `TTL.memoryCap`.
    ///
    /// An entry of a smaller version than the one that is there is not taken: a fill never overrides a write. Neither
    /// is one from before a removal, when `removals` is not what ``removals(near:)`` says now.
    public func insert(_ entry: CacheEntry, ifRemovals removals: UInt64? = nil) {
        let now = clock.now()
        shard(of: entry.key).insert(
            entry, until: min(entry.expiresAt, now + TTL.memoryCap.duration), at: now, ifRemovals: removals)
    }

    /// Removes an entry.
    ///
    /// - Returns: whether there was one that had not expired.
    @discardableResult
    public func remove(_ key: CacheKey) -> Bool {
        shard(of: key).remove(key, at: clock.now())
    }

    /// Removes the entries whose key a pattern or another rule wants gone. Visits all keys.
    ///
    /// - Returns: how many there were that had not expired.
    @discardableResult
    public func removeAll(where isUnwanted: (CacheKey) -> Bool) -> Int {
        let now = clock.now()
        return shards.reduce(0) { $0 + $1.removeAll(at: now, where: isUnwanted) }
    }

    /// Removes everything.
    public func removeAll() {
        for shard in shards { shard.removeAll() }
    }

    /// What the tier holds and has done.
    public var usage: MemoryUsage {
        shards.reduce(into: MemoryUsage()) { $0.add($1.usage) }
    }

    private func shard(of key: CacheKey) -> MemoryShard {
        shards[Int(UInt(bitPattern: key.hashValue) % UInt(shards.count))]
    }
}
