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
    public func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheEntry {
        try store.step { state, now in state.putCacheEntry(key, value, ttl: ttl, at: now) }
    }

    /// See the port.
    public func remove(_ key: CacheKey) async throws(StoreError) -> Bool {
        try store.step { state, now in state.removeCacheEntry(key, at: now) }
    }

    /// See the port.
    public func count() async throws(StoreError) -> Int {
        try store.step { state, now in state.cacheEntries.values.count { $0.expiresAt > now } }
    }
}
