import MillraceCore
import MillraceTesting

/// A cache's authority of which single verbs are broken.
struct TamperedCacheStore: CacheStore {
    let base: any CacheStore

    var onSave: (@Sendable (any CacheStore, CacheManager) async throws -> Void)?
    var onLoad: (@Sendable (any CacheStore, CacheID) async throws -> CacheManager?)?
    var onDelete: (@Sendable (any CacheStore, CacheID) async throws -> Void)?
    var onEntry: (@Sendable (any CacheStore, CacheKey) async throws -> CacheEntry?)?
    var onPut: (@Sendable (any CacheStore, CacheKey, CacheValue, TTL) async throws -> CacheEntry)?
    var onRemove: (@Sendable (any CacheStore, CacheKey) async throws -> Bool)?
    var onEntries: (@Sendable (any CacheStore, [CacheKey]) async throws -> [CacheEntry])?
    var onFill: (@Sendable (any CacheStore, CacheKey, CacheValue, TTL, Int64) async throws -> CacheEntry?)?
    var onInvalidate: (@Sendable (any CacheStore, CachePattern) async throws -> CacheRule)?
    var onPurge: (@Sendable (any CacheStore, CacheRule, Int) async throws -> CachePurge)?
    var onRetire: (@Sendable (any CacheStore, CacheRule) async throws -> Void)?
    var onRules: (@Sendable (any CacheStore) async throws -> [CacheRule])?
    var onClaimRule: (@Sendable (any CacheStore) async throws -> CacheRule?)?
    var onNewestVersion: (@Sendable (any CacheStore) async throws -> Int64)?
    var onChanges: (@Sendable (any CacheStore, Int64?) async throws -> CacheChanges)?
    var onRecord:
        (
            @Sendable (any CacheStore, [CacheAccess], [CacheTierName: CacheStats.TierCounters], String)
                async throws -> Void
        )?
    var onCounters: (@Sendable (any CacheStore, String) async throws -> [CacheTierName: CacheStats.TierCounters])?
    var onClean: (@Sendable (any CacheStore, CacheManager.StoreLimits, Int, CacheID) async throws -> CacheUpkeep?)?
    var onCount: (@Sendable (any CacheStore) async throws -> Int)?

    init(_ base: any CacheStore) { self.base = base }
}

extension TamperedCacheStore {
    func save(_ aggregate: CacheManager) async throws(StoreError) {
        guard let tampered = onSave else { return try await base.save(aggregate) }
        return try await storeError { try await tampered(base, aggregate) }
    }

    func load(_ id: CacheID) async throws(StoreError) -> CacheManager? {
        guard let tampered = onLoad else { return try await base.load(id) }
        return try await storeError { try await tampered(base, id) }
    }

    func delete(_ id: CacheID) async throws(StoreError) {
        guard let tampered = onDelete else { return try await base.delete(id) }
        return try await storeError { try await tampered(base, id) }
    }

    func entry(_ key: CacheKey) async throws(StoreError) -> CacheEntry? {
        guard let tampered = onEntry else { return try await base.entry(key) }
        return try await storeError { try await tampered(base, key) }
    }

    func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheEntry {
        guard let tampered = onPut else { return try await base.put(key, value, ttl: ttl) }
        return try await storeError { try await tampered(base, key, value, ttl) }
    }

    func remove(_ key: CacheKey) async throws(StoreError) -> Bool {
        guard let tampered = onRemove else { return try await base.remove(key) }
        return try await storeError { try await tampered(base, key) }
    }

    func count() async throws(StoreError) -> Int {
        guard let tampered = onCount else { return try await base.count() }
        return try await storeError { try await tampered(base) }
    }

    func entries(_ keys: [CacheKey]) async throws(StoreError) -> [CacheEntry] {
        guard let tampered = onEntries else { return try await base.entries(keys) }
        return try await storeError { try await tampered(base, keys) }
    }

    func fill(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, ifUnchangedSince version: Int64
    ) async throws(StoreError) -> CacheEntry? {
        guard let tampered = onFill else {
            return try await base.fill(key, value, ttl: ttl, ifUnchangedSince: version)
        }
        return try await storeError { try await tampered(base, key, value, ttl, version) }
    }

    func invalidate(_ pattern: CachePattern) async throws(StoreError) -> CacheRule {
        guard let tampered = onInvalidate else { return try await base.invalidate(pattern) }
        return try await storeError { try await tampered(base, pattern) }
    }

    func purge(_ rule: CacheRule, limit: Int) async throws(StoreError) -> CachePurge {
        guard let tampered = onPurge else { return try await base.purge(rule, limit: limit) }
        return try await storeError { try await tampered(base, rule, limit) }
    }

    func retire(_ rule: CacheRule) async throws(StoreError) {
        guard let tampered = onRetire else { return try await base.retire(rule) }
        try await storeError { try await tampered(base, rule) }
    }

    func rules() async throws(StoreError) -> [CacheRule] {
        guard let tampered = onRules else { return try await base.rules() }
        return try await storeError { try await tampered(base) }
    }

    func claimRule() async throws(StoreError) -> CacheRule? {
        guard let tampered = onClaimRule else { return try await base.claimRule() }
        return try await storeError { try await tampered(base) }
    }

    func newestVersion() async throws(StoreError) -> Int64 {
        guard let tampered = onNewestVersion else { return try await base.newestVersion() }
        return try await storeError { try await tampered(base) }
    }

    func changes(since version: Int64?) async throws(StoreError) -> CacheChanges {
        guard let tampered = onChanges else { return try await base.changes(since: version) }
        return try await storeError { try await tampered(base, version) }
    }

    func record(
        _ accesses: [CacheAccess], counters: [CacheTierName: CacheStats.TierCounters], of cache: String
    ) async throws(StoreError) {
        guard let tampered = onRecord else { return try await base.record(accesses, counters: counters, of: cache) }
        try await storeError { try await tampered(base, accesses, counters, cache) }
    }

    func counters(of cache: String) async throws(StoreError) -> [CacheTierName: CacheStats.TierCounters] {
        guard let tampered = onCounters else { return try await base.counters(of: cache) }
        return try await storeError { try await tampered(base, cache) }
    }

    func clean(
        within limits: CacheManager.StoreLimits, limit: Int, as holder: CacheID
    ) async throws(StoreError) -> CacheUpkeep? {
        guard let tampered = onClean else { return try await base.clean(within: limits, limit: limit, as: holder) }
        return try await storeError { try await tampered(base, limits, limit, holder) }
    }
}
