import MillraceCore
import MillraceTesting
import Synchronization

/// A cache store whose answers a test can hold back, count or make fail.
final class HeldStore: CacheStore {
    enum Call: Hashable {
        case entry, entries, put, fill, remove, invalidate, purge, retire, claim, newest, changes, record, clean
    }

    private let base: InMemoryCacheStore
    private let counts = Mutex<[Call: Int]>([:])
    private let afterwards = Mutex<[Call: @Sendable () async throws(StoreError) -> Void]>([:])

    init(clock: ManualClock) {
        base = InMemoryCacheStore(InMemoryStore(clock: clock))
    }

    func count(of call: Call) -> Int { counts.withLock { $0[call] ?? 0 } }

    /// Runs something after the next calls of a kind, before they return.
    func after(_ call: Call, _ body: (@Sendable () async throws(StoreError) -> Void)?) {
        afterwards.withLock { $0[call] = body }
    }

    private func finish(_ call: Call) async throws(StoreError) {
        counts.withLock { $0[call, default: 0] += 1 }
        if let body = afterwards.withLock({ $0[call] }) { try await body() }
    }

    func save(_ aggregate: CacheManager) async throws(StoreError) { try await base.save(aggregate) }
    func load(_ id: CacheID) async throws(StoreError) -> CacheManager? { try await base.load(id) }
    func delete(_ id: CacheID) async throws(StoreError) { try await base.delete(id) }
    func count() async throws(StoreError) -> Int { try await base.count() }

    func entry(_ key: CacheKey) async throws(StoreError) -> CacheEntry? {
        let entry = try await base.entry(key)
        try await finish(.entry)
        return entry
    }

    func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheEntry {
        let entry = try await base.put(key, value, ttl: ttl)
        try await finish(.put)
        return entry
    }

    func remove(_ key: CacheKey) async throws(StoreError) -> Bool {
        let wasThere = try await base.remove(key)
        try await finish(.remove)
        return wasThere
    }

    func entries(_ keys: [CacheKey]) async throws(StoreError) -> [CacheEntry] {
        let entries = try await base.entries(keys)
        try await finish(.entries)
        return entries
    }

    func fill(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, ifUnchangedSince version: Int64
    ) async throws(StoreError) -> CacheEntry? {
        let entry = try await base.fill(key, value, ttl: ttl, ifUnchangedSince: version)
        try await finish(.fill)
        return entry
    }

    func invalidate(_ pattern: CachePattern) async throws(StoreError) -> CacheRule {
        let rule = try await base.invalidate(pattern)
        try await finish(.invalidate)
        return rule
    }

    func purge(_ rule: CacheRule, limit: Int) async throws(StoreError) -> CachePurge {
        let purge = try await base.purge(rule, limit: limit)
        try await finish(.purge)
        return purge
    }

    func retire(_ rule: CacheRule) async throws(StoreError) {
        try await base.retire(rule)
        try await finish(.retire)
    }

    func rules() async throws(StoreError) -> [CacheRule] { try await base.rules() }

    func claimRule() async throws(StoreError) -> CacheRule? {
        let rule = try await base.claimRule()
        try await finish(.claim)
        return rule
    }

    func newestVersion() async throws(StoreError) -> Int64 {
        let version = try await base.newestVersion()
        try await finish(.newest)
        return version
    }

    func changes(since version: Int64?) async throws(StoreError) -> CacheChanges {
        let changes = try await base.changes(since: version)
        try await finish(.changes)
        return changes
    }

    func record(
        _ accesses: [CacheAccess], counters: [CacheTierName: CacheStats.TierCounters], of cache: String
    ) async throws(StoreError) {
        // Before, so that a test that lets it fail sees nothing written.
        try await finish(.record)
        try await base.record(accesses, counters: counters, of: cache)
    }

    func counters(of cache: String) async throws(StoreError) -> [CacheTierName: CacheStats.TierCounters] {
        try await base.counters(of: cache)
    }

    func clean(
        within limits: CacheManager.StoreLimits, limit: Int, as holder: CacheID
    ) async throws(StoreError) -> CacheUpkeep? {
        let cleaned = try await base.clean(within: limits, limit: limit, as: holder)
        try await finish(.clean)
        return cleaned
    }
}
