internal import MillraceCore

extension StoreState {
    func cacheEntry(_ key: CacheKey, at now: Timestamp) -> CacheEntry? {
        cacheEntries[key].flatMap { $0.expiresAt > now ? $0 : nil }
    }

    mutating func putCacheEntry(_ key: CacheKey, _ value: CacheValue, ttl: TTL, at now: Timestamp) -> CacheEntry {
        lastCacheVersion += 1
        let entry = CacheEntry(
            key: key, value: value, createdAt: now, expiresAt: now + ttl.duration, version: lastCacheVersion)
        cacheEntries[key] = entry
        return entry
    }

    mutating func removeCacheEntry(_ key: CacheKey, at now: Timestamp) -> Bool {
        let wasServed = cacheEntry(key, at: now) != nil
        cacheEntries[key] = nil
        return wasServed
    }

    mutating func saveCache(_ cache: CacheManager) throws(StoreError) {
        guard caches[cache.id]?.version ?? 0 == cache.version else {
            throw StoreError(.conflict, "cache \(cache.name) changed since it was loaded: load it again")
        }
        do {
            caches[cache.id] = try CacheManager(
                id: cache.id, name: cache.name, limits: cache.limits, counters: cache.counters,
                version: cache.version + 1)
        } catch {
            throw StoreError(.invalid, "the cache has a bad name", cause: error)
        }
    }
}
