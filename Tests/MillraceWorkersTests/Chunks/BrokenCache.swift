import MillraceCore

/// A cache that answers nothing.
struct BrokenCache: CacheRepository {
    private var failure: StoreError { StoreError(.unexpected, "out of order") }

    func save(_ aggregate: CacheManager) async throws(StoreError) { throw failure }
    func load(_ id: CacheID) async throws(StoreError) -> CacheManager? { throw failure }
    func delete(_ id: CacheID) async throws(StoreError) { throw failure }
    func get(_ key: CacheKey) async throws(StoreError) -> CacheHit? { throw failure }
    func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheOutcome { throw failure }
    func delete(_ key: CacheKey) async throws(StoreError) -> CacheOutcome { throw failure }
    func value(
        for key: CacheKey, ttl: TTL, load: @escaping @Sendable () async throws -> CacheValue
    ) async throws(StoreError) -> CacheLoad { throw failure }
    func get(many keys: [CacheKey]) async throws(StoreError) -> [CacheKey: CacheHit] { throw failure }
    func invalidatePattern(_ pattern: CachePattern) async throws(StoreError) -> CacheOutcome { throw failure }
    func maintain() async throws(StoreError) -> CacheUpkeep { throw failure }
    func stats() async throws(StoreError) -> CacheStats { throw failure }
}
