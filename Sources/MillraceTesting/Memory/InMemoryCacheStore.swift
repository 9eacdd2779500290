public import MillraceCore

/// The authority of a cache in memory, for tests and for programs that need no durability.
public struct InMemoryCacheStore: CacheStore {
    private let store: InMemoryStore

    /// Makes a cache store over a store, which repositories may share.
    public init(_ store: InMemoryStore) {
        self.store = store
    }

    /// See the port.
    public func save(_ cache: CacheManager) async throws(StoreError) {
        try store.step { (state, _) throws(StoreError) in try state.saveCache(cache) }
    }

    /// See the port.
    public func load(_ id: CacheID) async throws(StoreError) -> CacheManager? {
        try store.step { state, _ in state.caches[id] }
    }

    /// See the port.
    public func delete(_ id: CacheID) async throws(StoreError) {
        try store.step { state, _ in state.caches[id] = nil }
    }

    /// See the port.
    public func entry(_ key: CacheKey) async throws(StoreError) -> CacheEntry? {
        try store.step { state, now in state.cacheEntry(key, at: now) }
    }

    /// See the port.
    public func entries(_ keys: [CacheKey]) async throws(StoreError) -> [CacheEntry] {
        try store.step { state, now in Set(keys).compactMap { state.cacheEntry($0, at: now) } }
    }

    /// See the port.
    public func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheEntry {
        try store.step { state, now in state.putCacheEntry(key, value, ttl: ttl, at: now) }
    }

    /// See the port.
    public func fill(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, ifUnchangedSince version: Int64
    ) async throws(StoreError) -> CacheEntry? {
        try store.step { state, now in
            state.fillCacheEntry(key, value, ttl: ttl, ifUnchangedSince: version, at: now)
        }
    }

    /// See the port.
    public func remove(_ key: CacheKey) async throws(StoreError) -> Bool {
        try store.step { state, now in state.removeCacheEntry(key).map { state.isServed($0, at: now) } ?? false }
    }

    /// See the port.
    public func invalidate(_ pattern: CachePattern) async throws(StoreError) -> CacheRule {
        try store.step { state, now in state.addCacheRule(pattern, at: now) }
    }

    /// See the port.
    public func purge(_ rule: CacheRule, limit: Int) async throws(StoreError) -> CachePurge {
        try store.step { state, now in state.purgeCache(by: rule, limit: limit, at: now) }
    }

    /// See the port.
    public func retire(_ rule: CacheRule) async throws(StoreError) {
        try store.step { state, _ in state.retireCacheRule(rule) }
    }

    /// See the port.
    public func rules() async throws(StoreError) -> [CacheRule] {
        try store.step { state, _ in state.cacheRules.map(\.rule) }
    }

    /// See the port.
    public func claimRule() async throws(StoreError) -> CacheRule? {
        try store.step { state, now in state.claimCacheRule(at: now) }
    }

    /// See the port.
    public func newestVersion() async throws(StoreError) -> Int64 {
        try store.step { state, _ in state.lastCacheVersion }
    }

    /// See the port.
    public func changes(since version: Int64?) async throws(StoreError) -> CacheChanges {
        try store.step { state, _ in state.cacheChanges(since: version) }
    }

    /// See the port.
    public func count() async throws(StoreError) -> Int {
        try store.step { state, now in state.cacheEntries.values.count { state.isServed($0, at: now) } }
    }

    /// See the port.
    public func record(
        _ accesses: [CacheAccess], counters: [CacheTierName: CacheStats.TierCounters], of cache: String
    ) async throws(StoreError) {
        try store.step { (state, now) throws(StoreError) in
            try state.recordCacheCounters(counters, of: cache, at: now)
            state.recordCacheAccesses(accesses)
        }
    }

    /// See the port.
    public func counters(of cache: String) async throws(StoreError) -> [CacheTierName: CacheStats.TierCounters] {
        try store.step { state, _ in state.caches.values.first { $0.name == cache }?.counters ?? [:] }
    }

    /// See the port.
    public func clean(
        within limits: CacheManager.StoreLimits, limit: Int, as holder: CacheID
    ) async throws(StoreError) -> CacheUpkeep? {
        try store.step { state, now in state.cleanCache(within: limits, limit: limit, as: holder, at: now) }
    }
}
