public import MillraceCore
internal import Synchronization

/// The cache as its users see it: memory in front of a store that is the authority.
///
/// A write goes to the store first, so that memory never holds what the store does not. A value found in the store is
/// promoted to memory for what remains of its TTL, at most five minutes.
public final class TieredCache: CacheRepository {
    private let memory: MemoryTier
    private let store: any CacheStore
    private let clock: any WallClock
    private let flights = SingleFlight<CacheKey, CacheLoad>()
    private let counted = Mutex(Counted())

    private struct Counted {
        var store = CacheStats.TierCounters()
        var loads = 0
        var loadFailures = 0
    }

    /// Puts memory in front of a store.
    ///
    /// The clock must be the one that the store goes by, as nearly as the hosts' clocks agree.
    public init(
        store: any CacheStore, limits: CacheManager.Limits = .standard, clock: any WallClock = SystemWallClock()
    ) {
        self.store = store
        self.clock = clock
        memory = MemoryTier(limits: limits, clock: clock)
    }

    /// See `CacheRepository.get(_:)`.
    public func get(_ key: CacheKey) async throws(StoreError) -> CacheHit? {
        if let hit = memoryHit(key) {
            CacheWalk.note(hit)
            return hit
        }
        return try await CacheWalk.traced { () throws(StoreError) in try await storeHit(key) }
    }

    /// See `CacheRepository.put(_:_:ttl:)`.
    @discardableResult
    public func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheOutcome {
        let removals = memory.removals(near: key)
        let entry = try await store.put(key, value, ttl: ttl)
        memory.insert(entry, ifRemovals: removals)
        return CacheOutcome([.l1: .done(changed: true), .l3: .done(changed: true)])
    }

    /// See `CacheRepository.delete(_:)`.
    @discardableResult
    public func delete(_ key: CacheKey) async throws(StoreError) -> CacheOutcome {
        let wasStored = try await store.remove(key)
        let wasInMemory = memory.remove(key)
        return CacheOutcome([.l1: .done(changed: wasInMemory), .l3: .done(changed: wasStored)])
    }

    /// See `CacheRepository.value(for:ttl:load:)`.
    public func value(
        for key: CacheKey, ttl: TTL, load: @escaping @Sendable () async throws -> CacheValue
    ) async throws(StoreError) -> CacheLoad {
        if let hit = memoryHit(key) {
            CacheWalk.note(hit)
            return CacheLoad(value: hit.value, tier: hit.tier)
        }
        return try await flights.value(for: key) { [self] () async throws(StoreError) -> CacheLoad in
            let hit = try await CacheWalk.traced { () throws(StoreError) in try await storeHit(key) }
            if let hit { return CacheLoad(value: hit.value, tier: hit.tier) }
            counted.withLock { $0.loads += 1 }
            let value: CacheValue
            do {
                value = try await load()
            } catch {
                counted.withLock { $0.loadFailures += 1 }
                if Task.isCancelled { throw StoreError(.cancelled, "the load was cancelled", cause: error) }
                throw StoreError(.loadFailed, "the value could not be made: \(error)", cause: error)
            }
            // Making it may have cost minutes: it is worth giving out even if it cannot be kept.
            _ = try? await put(key, value, ttl: ttl)
            return CacheLoad(value: value, tier: nil)
        }
    }

    /// See `CacheRepository.stats()`.
    public func stats() async throws(StoreError) -> CacheStats {
        let usage = memory.usage
        let count = try await store.count()
        let counted = counted.withLock { $0 }
        return CacheStats(
            l1Size: usage.entries, l2Size: nil, l3Count: count, l1MemoryBytes: usage.bytes,
            tiers: [.l1: usage.counters, .l3: counted.store],
            loads: counted.loads, loadFailures: counted.loadFailures)
    }

    /// Writes the settings and counters of a named cache.
    public func save(_ aggregate: CacheManager) async throws(StoreError) {
        try await store.save(aggregate)
    }

    /// Reads the settings and counters of a named cache.
    public func load(_ id: CacheID) async throws(StoreError) -> CacheManager? {
        try await store.load(id)
    }

    /// Forgets the settings and counters of a named cache; its values stay.
    public func delete(_ id: CacheID) async throws(StoreError) {
        try await store.delete(id)
    }

    private func storeHit(_ key: CacheKey) async throws(StoreError) -> CacheHit? {
        let removals = memory.removals(near: key)
        let found = try await store.entry(key)
        counted.withLock { counted in
            if found == nil { counted.store.misses += 1 } else { counted.store.hits += 1 }
        }
        guard let found, let remaining = found.remaining(at: clock.now()) else { return nil }
        memory.insert(found, ifRemovals: removals)
        return CacheHit(value: found.value, tier: .l3, remaining: remaining)
    }

    private func memoryHit(_ key: CacheKey) -> CacheHit? {
        guard let entry = memory.entry(key), let remaining = entry.remaining(at: clock.now()) else { return nil }
        return CacheHit(value: entry.value, tier: .l1, remaining: remaining)
    }
}
