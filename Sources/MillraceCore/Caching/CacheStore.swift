/// The authority below the cache: keeps entries and their versions, in SQL.
///
/// Every write, be it of a key or a pattern, takes the next version of one sequence and is remembered for a while, so
/// that the memory of other processes can follow.
///
/// An invalidation is a rule first, which is short work however many entries it means, and counts at once: to every
/// verb below, what an active rule rules out is not there. Removing it is another matter, done in steps by whoever made
/// the rule, or by others if that one has died.
///
/// The times of entries are by the clock of this host: what one has left, by whatever clock, is counted from a moment
/// before it was asked for.
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

    /// Makes a rule: when this returns, the entries that were written before and whose keys match are not there.
    ///
    /// The caller is to ``purge(_:limit:)`` until that is finished, and then to ``retire(_:)`` the rule. If nothing is
    /// heard of it for ``CacheManager/upkeepLease``, others may do so by ``claimRule()``.
    func invalidate(_ pattern: CachePattern) async throws(StoreError) -> CacheRule

    /// Removes up to `limit` of the entries that a rule rules out, and goes on where the last step ended, whoever did
    /// that one. A step also ends when it has looked at as many keys. Finished for a rule that is not active any more.
    func purge(_ rule: CacheRule, limit: Int) async throws(StoreError) -> CachePurge

    /// Forgets a rule; nothing happens as long as its purge is not finished, or when it is forgotten already.
    func retire(_ rule: CacheRule) async throws(StoreError)

    /// The active rules, in order.
    func rules() async throws(StoreError) -> [CacheRule]

    /// Takes over the oldest rule of which nothing was heard for ``CacheManager/upkeepLease``: it was not made, taken
    /// over or purged in that time. Of many who ask, one gets it.
    func claimRule() async throws(StoreError) -> CacheRule?

    /// The version of the newest write; 0 before the first.
    func newestVersion() async throws(StoreError) -> Int64

    /// What was written after a version, and the active rules, as of one moment; at least the last 10,000 writes are
    /// known, and none to who gives no version.
    func changes(since version: Int64?) async throws(StoreError) -> CacheChanges

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

extension CacheStore {
    /// Removes the entries that were written before the call and whose keys match, for whom there are no other tiers.
    ///
    /// - Returns: how many there were that had not expired.
    @discardableResult
    public func removeAll(matching pattern: CachePattern) async throws(StoreError) -> Int {
        let rule = try await invalidate(pattern)
        var removed = 0
        while true {
            let step = try await purge(rule, limit: 1_000)
            removed += step.removed
            guard step.isFinished else { continue }
            try await retire(rule)
            return removed
        }
    }
}
