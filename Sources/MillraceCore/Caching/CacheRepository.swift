/// The cache over all its tiers.
///
/// Every value carries the time from which it is gone; no tier serves it longer, and moving up a tier keeps the time
/// that remains. Two seconds after a write, whichever process made it, no tier of any process serves what was there
/// before. `save`, `load` and `delete(_:)` of an identity keep the settings and counters of a named cache.
public protocol CacheRepository: Repository where Aggregate == CacheManager {
    /// Looks a value up, the nearest tier first; `nil` when none has it or it has expired.
    func get(_ key: CacheKey) async throws(StoreError) -> CacheHit?

    /// Looks many values up, each tier once for all that the nearer ones do not have; keys that none has are left out.
    func get(many keys: [CacheKey]) async throws(StoreError) -> [CacheKey: CacheHit]

    /// Keeps a value in every tier until the TTL has passed; replaces one that is there.
    @discardableResult
    func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheOutcome

    /// Removes a value from every tier.
    @discardableResult
    func delete(_ key: CacheKey) async throws(StoreError) -> CacheOutcome

    /// Removes from every tier the values that were put before the call and whose keys match.
    ///
    /// They are gone at once, all together and however many they are; then the call removes them in steps, and says how
    /// many there were. If it is cancelled or fails in the middle of that, ``maintain()`` of any process does the rest.
    /// Loads that are under way for matching keys still give their value to those who wait for it, but it is not kept.
    @discardableResult
    func invalidatePattern(_ pattern: CachePattern) async throws(StoreError) -> CacheOutcome

    /// Looks a value up, and makes it if no tier has it.
    ///
    /// However many ask for one key at once, `load` runs once in the process, and all get what it made. It is
    /// cancelled when the last of them is. What it made is kept, unless the key was written, deleted or invalidated
    /// while it ran; who asks after such a change does not get what was begun before it. Trouble of the store does not
    /// keep anybody from the value: it is made and given out, and not kept.
    ///
    /// - Throws: `loadFailed` with the loader's error as cause; a failure is not cached.
    func value(
        for key: CacheKey, ttl: TTL, load: @escaping @Sendable () async throws -> CacheValue
    ) async throws(StoreError) -> CacheLoad

    /// What the cache holds and has done.
    func stats() async throws(StoreError) -> CacheStats

    /// Does what is due behind the scenes: writes the accesses and counters that were gathered in memory, goes on with
    /// invalidations whose processes died, removes some of the values that have expired, and gives up the least
    /// recently used when the store is beyond its bounds.
    ///
    /// To be called every ten seconds and when the process ends; removal is done by one process at a time. After an
    /// error what was gathered is kept for the next call.
    @discardableResult
    func maintain() async throws(StoreError) -> CacheUpkeep
}
