import MillraceCore
import MillraceTesting
import Synchronization

/// A cache store whose answers a test can hold back, count or make fail.
final class HeldStore: CacheStore {
    enum Call: Hashable { case entry, put, remove }

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
}
