internal import MillraceCore

extension StoreState {
    /// How many writes are remembered at least.
    private static let rememberedWrites = 16_384

    func cacheEntry(_ key: CacheKey, at now: Timestamp) -> CacheEntry? {
        cacheEntries[key].flatMap { isServed($0, at: now) ? $0 : nil }
    }

    /// Whether an entry has not expired and no rule rules it out.
    func isServed(_ entry: CacheEntry, at now: Timestamp) -> Bool {
        entry.expiresAt > now && !cacheRules.contains { $0.rule.rulesOut(entry.key, version: entry.version) }
    }

    mutating func putCacheEntry(_ key: CacheKey, _ value: CacheValue, ttl: TTL, at now: Timestamp) -> CacheEntry {
        let version = logCacheWrite(of: .key(key))
        let entry = CacheEntry(
            key: key, value: value, createdAt: now, expiresAt: now + ttl.duration, version: version)
        cacheEntries[key] = entry
        cacheAccesses[key] = CacheAccess(key: key, count: 0, lastAt: now)
        return entry
    }

    mutating func fillCacheEntry(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, ifUnchangedSince version: Int64, at now: Timestamp
    ) -> CacheEntry? {
        guard cacheEntry(key, at: now) == nil, let writes = cacheChanges(since: version).writes else { return nil }
        guard !writes.contains(where: { $0.scope.concerns(key) }) else { return nil }
        return putCacheEntry(key, value, ttl: ttl, at: now)
    }

    @discardableResult
    mutating func removeCacheEntry(_ key: CacheKey) -> CacheEntry? {
        logCacheWrite(of: .key(key))
        return forgetCacheEntry(key)
    }

    func cacheChanges(since version: Int64?) -> CacheChanges {
        let rules = cacheRules.map(\.rule)
        guard let version else { return CacheChanges(newest: lastCacheVersion, writes: nil, rules: rules) }
        let writes = cacheWrites.filter { $0.version > version }
        let isWhole = Int64(writes.count) == lastCacheVersion - version
        return CacheChanges(newest: lastCacheVersion, writes: isWhole ? writes : nil, rules: rules)
    }

    mutating func recordCacheAccesses(_ accesses: [CacheAccess]) {
        for access in accesses where cacheEntries[access.key] != nil {
            cacheAccesses[access.key]?.count += access.count
            let last = cacheAccesses[access.key]?.lastAt ?? access.lastAt
            cacheAccesses[access.key]?.lastAt = max(last, access.lastAt)
        }
    }

    mutating func recordCacheCounters(
        _ counters: [CacheTierName: CacheStats.TierCounters], of name: String, at now: Timestamp
    ) throws(StoreError) {
        guard !counters.isEmpty else { return }
        do {
            var cache =
                try caches.values.first { $0.name == name }
                ?? CacheManager(id: identifiers.next(at: now), name: name)
            for (tier, counted) in counters { cache.add(tier, counted) }
            caches[cache.id] = try CacheManager(
                id: cache.id, name: name, limits: cache.limits, counters: cache.counters, version: cache.version + 1)
        } catch {
            throw StoreError(.invalid, "the cache has a bad name", cause: error)
        }
    }

    mutating func cleanCache(
        within limits: CacheManager.StoreLimits, limit: Int, as holder: CacheID, at now: Timestamp
    ) -> CacheUpkeep? {
        if let cleaner = cacheCleaner, cleaner.holder != holder, cleaner.until > now { return nil }
        cacheCleaner = (holder, now + CacheManager.upkeepLease)
        let expired = cacheEntries.values.filter { $0.expiresAt <= now }.sorted { $0.expiresAt < $1.expiresAt }
        for entry in expired.prefix(limit) { forgetCacheEntry(entry.key) }
        guard expired.count < limit else {
            return CacheUpkeep(expired: limit, evicted: 0, isUnfinished: true)
        }
        var entries = cacheEntries.count
        var bytes = cacheEntries.values.reduce(0) { $0 + $1.storedBytes }
        var evicted = 0
        let byUse = cacheEntries.values.sorted { lastUse(of: $0) < lastUse(of: $1) }
        for entry in byUse.prefix(limit) where entries > limits.entries ?? .max || bytes > limits.bytes ?? .max {
            forgetCacheEntry(entry.key)
            entries -= 1
            bytes -= entry.storedBytes
            evicted += 1
        }
        let isOver = entries > limits.entries ?? .max || bytes > limits.bytes ?? .max
        return CacheUpkeep(expired: expired.count, evicted: evicted, isUnfinished: isOver)
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

    @discardableResult
    mutating func logCacheWrite(of scope: CacheChanges.Change.Scope) -> Int64 {
        lastCacheVersion += 1
        cacheWrites.append(CacheChanges.Change(version: lastCacheVersion, scope: scope))
        if cacheWrites.count > 2 * Self.rememberedWrites {
            cacheWrites.removeFirst(cacheWrites.count - Self.rememberedWrites)
        }
        return lastCacheVersion
    }

    @discardableResult
    mutating func forgetCacheEntry(_ key: CacheKey) -> CacheEntry? {
        cacheAccesses[key] = nil
        return cacheEntries.removeValue(forKey: key)
    }

    private func lastUse(of entry: CacheEntry) -> Timestamp {
        cacheAccesses[entry.key]?.lastAt ?? entry.createdAt
    }
}

extension CacheChanges.Change.Scope {
    fileprivate func concerns(_ key: CacheKey) -> Bool {
        switch self {
        case .key(let own): own == key
        case .pattern(let pattern): pattern.matches(key)
        }
    }
}

extension CacheEntry {
    fileprivate var storedBytes: Int { key.text.utf8.count + value.bytes.count }
}
