public import MillraceCore

/// The first level of the cache: a sharded map in the memory of the process, bounded by entries and by bytes.
///
/// Every call is synchronous and holds the lock of one shard; a lookup hops to no actor. The bounds are divided evenly
/// among the shards; a shard that is full gives up by S3-FIFO what is used least, and a value larger than its shard's
/// share is not kept at all.
public final class MemoryTier: Sendable {
    private let shards: [MemoryShard]
    private let shardCount: UInt
    private let clock: any WallClock
    private let time: SteadyTime

    /// Makes an empty tier.
    ///
    /// The clock tells what remains of an entry that is taken in, `time` when that has passed. `shardCount` of `nil`
    /// takes one shard for each 256 entries allowed, at least 1 and at most 64.
    public init(
        limits: CacheManager.Limits = .standard, clock: any WallClock, time: SteadyTime = .host, shardCount: Int? = nil
    ) {
        let count = max(1, shardCount ?? min(64, limits.entries / 256))
        self.clock = clock
        self.time = time
        self.shardCount = UInt(count)
        shards = (0..<count).map { index in
            // The first shards take what does not divide evenly, so that the sum of the bounds is the bound.
            MemoryShard(
                maximumEntries: limits.entries / count + (index < limits.entries % count ? 1 : 0),
                maximumBytes: limits.bytes / count + (index < limits.bytes % count ? 1 : 0))
        }
    }

    /// Looks a value up; `nil` when it is not there or has expired.
    public func hit(_ key: CacheKey) -> CacheHit? {
        hit(key, at: time.latest())
    }

    func hit(_ key: CacheKey, at now: Timestamp) -> CacheHit? {
        shard(of: key).hit(key, at: now)?.hit(at: now)
    }

    /// Counts the removals in the neighbourhood of a key.
    ///
    /// Read it before a value is fetched from elsewhere and hand it to ``insert(_:ifRemovals:isWrite:isHit:)``, so that a
    /// value that is deleted meanwhile is not kept.
    public func removals(near key: CacheKey) -> UInt64 {
        shard(of: key).removals(near: key)
    }

    /// Keeps an entry for what remains of it, at most `TTL.memoryCap`.
    ///
    /// An entry of a smaller version than the one that is there is not taken: a fill never overrides a write. Neither
    /// is one from before a removal, when `removals` is not what ``removals(near:)`` says now. `isWrite` says that it
    /// was just written, so that what is being fetched of its key may be older, and is not kept; `isHit` that another tier
    /// has answered a lookup with it, which is counted for ``takeAccesses()``, whether it is taken or not, unless it has
    /// expired.
    ///
    /// - Returns: whether it was taken.
    @discardableResult
    public func insert(
        _ entry: CacheEntry, ifRemovals removals: UInt64? = nil, isWrite: Bool = false, isHit: Bool = false
    ) -> Bool {
        // Read before the time of day, so that what passes between the two makes the deadline earlier, not later.
        let now = time.earliest()
        guard let remaining = entry.remaining(at: clock.now())?.duration else { return false }
        return shard(of: entry.key).insert(
            entry, until: now + min(remaining, TTL.memoryCap.duration), goneAt: now + remaining, at: now,
            ifRemovals: removals, isWrite: isWrite, isHit: isHit)
    }

    /// Removes an entry.
    ///
    /// - Returns: whether there was one that had not expired.
    @discardableResult
    public func remove(_ key: CacheKey) -> Bool {
        shard(of: key).remove(key, at: time.latest())
    }

    /// Removes an entry that is older than a write of its key somewhere else, and refuses those that are being fetched.
    public func remove(_ key: CacheKey, olderThan version: Int64) {
        shard(of: key).remove(key, olderThan: version, at: time.latest())
    }

    /// Removes the entries that a pattern or another rule wants gone. Visits all.
    ///
    /// - Returns: how many there were that had not expired.
    @discardableResult
    public func removeAll(where isUnwanted: (CacheEntry) -> Bool) -> Int {
        let now = time.latest()
        return shards.reduce(0) { $0 + $1.removeAll(at: now, where: isUnwanted) }
    }

    /// Removes everything.
    public func removeAll() {
        for shard in shards { shard.removeAll() }
    }

    /// The lookups of each value since this was last asked, in no order; of values given up since then too, as far as
    /// there is room for them.
    public func takeAccesses() -> [CacheAccess] {
        let offset = clock.now() - time.latest()
        return shards.flatMap { $0.takeAccesses() }.map { access in
            CacheAccess(key: access.key, count: access.count, lastAt: access.lastAt + offset)
        }
    }

    /// Takes back what could not be reported.
    public func keep(_ accesses: [CacheAccess]) {
        let offset = clock.now() - time.latest()
        for access in accesses {
            shard(of: access.key).keep(
                CacheAccess(key: access.key, count: access.count, lastAt: access.lastAt - offset))
        }
    }

    /// What the tier holds and has done.
    public var usage: MemoryUsage {
        shards.reduce(into: MemoryUsage()) { $0.add($1.usage) }
    }

    private func shard(of key: CacheKey) -> MemoryShard {
        // By its upper bits, which takes a multiplication where a remainder would take a division.
        shards[Int(UInt(bitPattern: key.fingerprint).multipliedFullWidth(by: shardCount).high)]
    }
}
