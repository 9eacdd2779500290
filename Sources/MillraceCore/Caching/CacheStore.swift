/// The authority below the cache: keeps entries and their versions, in SQL.
public protocol CacheStore: Repository where Aggregate == CacheManager {
    /// Reads an entry that has not expired; `nil` when there is none.
    func entry(_ key: CacheKey) async throws(StoreError) -> CacheEntry?

    /// Writes an entry under a version greater than any that the key had, deleted and expired ones included; replaces
    /// value and time of one that is there.
    func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheEntry

    /// Removes an entry.
    ///
    /// - Returns: whether there was one that had not expired.
    func remove(_ key: CacheKey) async throws(StoreError) -> Bool

    /// Counts the entries that have not expired.
    func count() async throws(StoreError) -> Int
}
