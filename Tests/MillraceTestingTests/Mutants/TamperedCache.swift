import MillraceCore
import MillraceTesting

/// A cache of which single verbs are broken.
struct TamperedCache: CacheRepository {
    let base: any CacheRepository

    var onSave: (@Sendable (any CacheRepository, CacheManager) async throws -> Void)?
    var onLoad: (@Sendable (any CacheRepository, CacheID) async throws -> CacheManager?)?
    var onDelete: (@Sendable (any CacheRepository, CacheID) async throws -> Void)?
    var onGet: (@Sendable (any CacheRepository, CacheKey) async throws -> CacheHit?)?
    var onPut: (@Sendable (any CacheRepository, CacheKey, CacheValue, TTL) async throws -> CacheOutcome)?
    var onRemove: (@Sendable (any CacheRepository, CacheKey) async throws -> CacheOutcome)?
    var onValue:
        (
            @Sendable (any CacheRepository, CacheKey, TTL, @escaping @Sendable () async throws -> CacheValue)
                async throws -> CacheLoad
        )?
    var onGetMany: (@Sendable (any CacheRepository, [CacheKey]) async throws -> [CacheKey: CacheHit])?
    var onInvalidate: (@Sendable (any CacheRepository, CachePattern) async throws -> CacheOutcome)?
    var onMaintain: (@Sendable (any CacheRepository) async throws -> CacheUpkeep)?
    var onStats: (@Sendable (any CacheRepository) async throws -> CacheStats)?

    init(_ base: any CacheRepository) { self.base = base }
}

extension TamperedCache {
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

    func get(_ key: CacheKey) async throws(StoreError) -> CacheHit? {
        guard let tampered = onGet else { return try await base.get(key) }
        return try await storeError { try await tampered(base, key) }
    }

    func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheOutcome {
        guard let tampered = onPut else { return try await base.put(key, value, ttl: ttl) }
        return try await storeError { try await tampered(base, key, value, ttl) }
    }

    func delete(_ key: CacheKey) async throws(StoreError) -> CacheOutcome {
        guard let tampered = onRemove else { return try await base.delete(key) }
        return try await storeError { try await tampered(base, key) }
    }

    func value(for key: CacheKey, ttl: TTL, load: @escaping @Sendable () async throws -> CacheValue)
        async throws(StoreError) -> CacheLoad
    {
        guard let tampered = onValue else { return try await base.value(for: key, ttl: ttl, load: load) }
        return try await storeError { try await tampered(base, key, ttl, load) }
    }

    func stats() async throws(StoreError) -> CacheStats {
        guard let tampered = onStats else { return try await base.stats() }
        return try await storeError { try await tampered(base) }
    }

    func get(many keys: [CacheKey]) async throws(StoreError) -> [CacheKey: CacheHit] {
        guard let tampered = onGetMany else { return try await base.get(many: keys) }
        return try await storeError { try await tampered(base, keys) }
    }

    func invalidatePattern(_ pattern: CachePattern) async throws(StoreError) -> CacheOutcome {
        guard let tampered = onInvalidate else { return try await base.invalidatePattern(pattern) }
        return try await storeError { try await tampered(base, pattern) }
    }

    func maintain() async throws(StoreError) -> CacheUpkeep {
        guard let tampered = onMaintain else { return try await base.maintain() }
        return try await storeError { try await tampered(base) }
    }
}
