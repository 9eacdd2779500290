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
}
