/// The authority below the cache: keeps entries and their versions, in SQL.
///
/// Every write, be it of a key or a pattern, takes the next version of one sequence and is remembered for a while, so
/// that the memory of other processes can follow.
public protocol CacheStore: Repository where Aggregate == CacheManager {
    /// Reads an entry that has not expired; `nil` when there is none.
    func entry(_ key: CacheKey) async throws(StoreError) -> CacheEntry?

    /// Reads those of many entries that there are and that have not expired, in no order, in one step.
    func entries(_ keys: [CacheKey]) async throws(StoreError) -> [CacheEntry]

    /// Writes an entry under a version greater than any that the key had, deleted and expired ones included; replaces
    /// value and time of one that is there.
    func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheEntry

    /// Writes an entry that was made from what was known at a version.
    ///
    /// - Returns: `nil`, and nothing is written, when there is an entry that has not expired, or when the key was
    ///   written, deleted or invalidated after that version or may have been.
    func fill(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, ifUnchangedSince version: Int64
    ) async throws(StoreError) -> CacheEntry?

    /// Removes an entry.
    ///
    /// - Returns: whether there was one that had not expired.
    func remove(_ key: CacheKey) async throws(StoreError) -> Bool

    /// Removes the entries that were written before the call and whose keys match, in steps of bounded length.
    ///
    /// - Returns: how many there were that had not expired.
    func removeAll(matching pattern: CachePattern) async throws(StoreError) -> Int

    /// The version of the newest write; 0 before the first.
    func newestVersion() async throws(StoreError) -> Int64

    /// What was written after a version; at least the last 10,000 writes are known.
    func changes(since version: Int64) async throws(StoreError) -> CacheChanges

    /// Counts the entries that have not expired.
    func count() async throws(StoreError) -> Int

    /// Adds accesses to those of the entries that are there, and counters to those of a named cache, which is made
    /// when it does not exist.
    func record(
        _ accesses: [CacheAccess], counters: [CacheTierName: CacheStats.TierCounters], of cache: String
    ) async throws(StoreError)

    /// What each tier of a named cache has done, in all processes that reported; empty for one that is not there.
    func counters(of cache: String) async throws(StoreError) -> [CacheTierName: CacheStats.TierCounters]

    /// Removes up to `limit` entries that have expired; and when the others are beyond the bounds, up to `limit` of
    /// those that were least recently put or looked up, by what ``record(_:counters:of:)`` was told.
    ///
    /// One holder at a time does this: it keeps the right for ``CacheManager/upkeepLease``.
    ///
    /// - Returns: what was removed; `nil` when another holder has the right.
    func clean(
        within limits: CacheManager.StoreLimits, limit: Int, as holder: CacheID
    ) async throws(StoreError) -> CacheUpkeep?
}
