internal import MillraceCore

/// Invalidations: what they rule out is not there, and is removed in steps.
extension StoreState {
    mutating func addCacheRule(_ pattern: CachePattern, at now: Timestamp) -> CacheRule {
        let rule = CacheRule(version: logCacheWrite(of: .pattern(pattern)), pattern: pattern, madeAt: now)
        cacheRules.append(
            StoredRule(rule: rule, place: pattern.literalPrefix, leaseUntil: now + CacheManager.upkeepLease))
        return rule
    }

    mutating func purgeCache(by rule: CacheRule, limit: Int, at now: Timestamp) -> CachePurge {
        guard let index = cacheRules.firstIndex(where: { $0.rule == rule }), let place = cacheRules[index].place else {
            return CachePurge(removed: 0, isFinished: true)
        }
        // By bytes, as the stores of SQL have them.
        let keys = cacheEntries.keys.filter { !$0.text.utf8.lexicographicallyPrecedes(place.utf8) }
            .sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
            .prefix(max(1, limit))
        var removed = 0
        for key in keys {
            guard let entry = cacheEntries[key], rule.rulesOut(key, version: entry.version) else { continue }
            forgetCacheEntry(key)
            if entry.expiresAt > now { removed += 1 }
        }
        let next = keys.count < max(1, limit) ? nil : keys.last?.successor
        cacheRules[index].place = next
        cacheRules[index].leaseUntil = now + CacheManager.upkeepLease
        return CachePurge(removed: removed, isFinished: next == nil)
    }

    mutating func retireCacheRule(_ rule: CacheRule) {
        cacheRules.removeAll { $0.rule == rule && $0.place == nil }
    }

    mutating func claimCacheRule(at now: Timestamp) -> CacheRule? {
        guard let index = cacheRules.firstIndex(where: { $0.leaseUntil <= now }) else { return nil }
        cacheRules[index].leaseUntil = now + CacheManager.upkeepLease
        return cacheRules[index].rule
    }
}
