import MillraceCore

/// A store whose answers about one key come in the order of a trace.
struct StagedStore: CacheStore {
    let base: any CacheStore
    let stage: Stage
    let key: CacheKey

    func entry(_ key: CacheKey) async throws(StoreError) -> CacheEntry? {
        guard key == self.key else { return try await base.entry(key) }
        return try await stage.take(.read) { [base] () throws(StoreError) in try await base.entry(key) }
    }

    func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheEntry {
        try await stage.take(.commit) { [base] () throws(StoreError) in try await base.put(key, value, ttl: ttl) }
    }

    func remove(_ key: CacheKey) async throws(StoreError) -> Bool {
        try await stage.take(.commit) { [base] () throws(StoreError) in try await base.remove(key) }
    }

    func invalidate(_ pattern: CachePattern) async throws(StoreError) -> CacheRule {
        try await stage.take(.commit) { [base] () throws(StoreError) in try await base.invalidate(pattern) }
    }

    func changes(since version: Int64?) async throws(StoreError) -> CacheChanges {
        try await stage.take(.ask) { [base] () throws(StoreError) in try await base.changes(since: version) }
    }

    // What no trace has a step for.

    func save(_ aggregate: CacheManager) async throws(StoreError) { try await base.save(aggregate) }
    func load(_ id: CacheID) async throws(StoreError) -> CacheManager? { try await base.load(id) }
    func delete(_ id: CacheID) async throws(StoreError) { try await base.delete(id) }
    func count() async throws(StoreError) -> Int { try await base.count() }
    func entries(_ keys: [CacheKey]) async throws(StoreError) -> [CacheEntry] { try await base.entries(keys) }
    func newestVersion() async throws(StoreError) -> Int64 { try await base.newestVersion() }
    func rules() async throws(StoreError) -> [CacheRule] { try await base.rules() }
    func claimRule() async throws(StoreError) -> CacheRule? { try await base.claimRule() }
    func retire(_ rule: CacheRule) async throws(StoreError) { try await base.retire(rule) }

    func purge(_ rule: CacheRule, limit: Int) async throws(StoreError) -> CachePurge {
        try await base.purge(rule, limit: limit)
    }

    func fill(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, ifUnchangedSince version: Int64
    ) async throws(StoreError) -> CacheEntry? {
        try await base.fill(key, value, ttl: ttl, ifUnchangedSince: version)
    }

    func record(
        _ accesses: [CacheAccess], counters: [CacheTierName: CacheStats.TierCounters], of cache: String
    ) async throws(StoreError) {
        try await base.record(accesses, counters: counters, of: cache)
    }

    func counters(of cache: String) async throws(StoreError) -> [CacheTierName: CacheStats.TierCounters] {
        try await base.counters(of: cache)
    }

    func clean(
        within limits: CacheManager.StoreLimits, limit: Int, as holder: CacheID
    ) async throws(StoreError) -> CacheUpkeep? {
        try await base.clean(within: limits, limit: limit, as: holder)
    }
}
