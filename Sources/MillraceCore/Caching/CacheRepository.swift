/// The cache over all its tiers.
///
/// Every value carries the time from which it is gone; no tier serves it longer, and moving up a tier keeps the time
/// that remains. `save`, `load` and `delete(_:)` of an identity keep the settings and counters of a named cache.
public protocol CacheRepository: Repository where Aggregate == CacheManager {
    /// Looks a value up, the nearest tier first; `nil` when none has it or it has expired.
    func get(_ key: CacheKey) async throws(StoreError) -> CacheHit?

    /// Keeps a value in every tier until the TTL has passed; replaces one that is there.
    @discardableResult
    func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheOutcome

    /// Removes a value from every tier.
    @discardableResult
    func delete(_ key: CacheKey) async throws(StoreError) -> CacheOutcome

    /// Looks a value up, and makes it if no tier has it.
    ///
    /// However many ask for one key at once, `load` runs once in the process, and all get what it made. It is
    /// cancelled when the last of them is.
    ///
    /// - Throws: `loadFailed` with the loader's error as cause; a failure is not cached.
    func value(
        for key: CacheKey, ttl: TTL, load: @escaping @Sendable () async throws -> CacheValue
    ) async throws(StoreError) -> CacheLoad

    /// What the cache holds and has done.
    func stats() async throws(StoreError) -> CacheStats
}
