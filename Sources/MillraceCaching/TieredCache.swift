public import MillraceCore
internal import Synchronization

/// The cache as its users see it: memory in front of a store that is the authority, and between them a tier that many
/// processes share, if there is one.
///
/// A write goes to the store first, so that memory never holds what the store does not. A value found in the store is
/// promoted to the tiers above for what remains of its TTL, in memory at most five minutes. Once a second a lookup asks
/// the store what has been written meanwhile, by whomever; the shared tier is told, and memory forgets that. Neither is
/// served when the last answer is two seconds old.
public final class TieredCache: CacheRepository {
    /// What a cache can be told besides its store.
    public struct Options: Sendable {
        /// The bounds of memory.
        public var limits = CacheManager.Limits.standard
        /// The bounds of what the store keeps.
        public var storeLimits = CacheManager.StoreLimits.standard
        /// The name under which counters are added up over processes.
        public var name = "default"
        /// When the store is left alone.
        public var breaker = CircuitBreaker.Settings()
        /// The tier that processes share; `nil` for none.
        public var shared: (any SharedCacheTier)?
        /// When that tier is left alone.
        public var sharedBreaker = CircuitBreaker.Settings(longestPause: .seconds(4))
        /// The host's time of day, by which the store gives the times of entries. For a store that does not say its own
        /// time it must be that of the store, as nearly as the hosts' clocks agree.
        public var clock: any WallClock = SystemWallClock()
        /// What deadlines in memory are measured by.
        public var time = SteadyTime.host

        /// The defaults.
        public init() {}
    }

    let memory: MemoryTier
    let guarded: GuardedStore
    let shared: SharedLevel?
    let options: Options
    let time: SteadyTime
    let storeClock: StoreClock
    let counters = CacheCounters()
    /// `nil` when nobody measures.
    let metrics: CacheMetrics?
    let flights = SingleFlight<CacheKey, CacheLoad>()
    let watch = ChangeWatch()
    /// How long the host had been suspended when memory was last known to have lived through none of it.
    let suspended: Mutex<Duration>
    /// Who this cache is to others that keep the same store clean.
    let holder: CacheID
    /// An invalidation of a process that did not come to its end, which the upkeep goes on with.
    let takenOver = Mutex<CacheRule?>(nil)

    /// Puts memory in front of a store.
    public init(store: any CacheStore, options: Options = Options()) {
        self.options = options
        time = options.time
        suspended = Mutex(options.time.suspended())
        guarded = GuardedStore(store, time: options.time, settings: options.breaker)
        let storeClock = StoreClock(options.clock, time: options.time)
        self.storeClock = storeClock
        shared = options.shared.map { SharedLevel($0, options: options, storeClock: storeClock) }
        memory = MemoryTier(limits: options.limits, clock: options.clock, time: options.time)
        holder = .make(at: options.clock.now())
        metrics = CacheMetrics(tiers: options.shared == nil ? [.l1, .l3] : [.l1, .l2, .l3])
    }

    /// What memory has, at once and without a suspension; `nil` also when memory cannot be sure to be in step.
    ///
    /// Somebody else has to call ``get(_:)`` now and then, which keeps memory in step.
    public func hit(_ key: CacheKey) -> CacheHit? {
        hit(key, at: time.latest())
    }

    private func hit(_ key: CacheKey, at now: Timestamp) -> CacheHit? {
        guard watch.isConfirmed(at: now) else {
            counters.countUnconfirmed()
            return nil
        }
        return memory.hit(key, at: now)
    }

    /// See `CacheRepository.get(_:)`.
    public func get(_ key: CacheKey) async throws(StoreError) -> CacheHit? {
        // One look at the clock for all of it: this is the way of every hit.
        var now = time.latest()
        if watch.isDue(at: now) {
            await follow()
            now = time.latest()
        }
        if let hit = hit(key, at: now) { return hit }
        return try await CacheWalk.traced { () throws(StoreError) in try await lowerHit(key) }
    }

    /// See `CacheRepository.get(many:)`.
    public func get(many keys: [CacheKey]) async throws(StoreError) -> [CacheKey: CacheHit] {
        if isBehind { await follow() }
        var hits: [CacheKey: CacheHit] = [:]
        var missing: [CacheKey: UInt64] = [:]
        for key in Set(keys) {
            if let hit = hit(key) { hits[key] = hit } else { missing[key] = memory.removals(near: key) }
        }
        guard !missing.isEmpty else { return hits }
        hits.merge(try await lowerHits(missing)) { own, _ in own }
        return hits
    }

    /// See `CacheRepository.put(_:_:ttl:)`.
    @discardableResult
    public func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheOutcome {
        if isBehind { await follow() }
        let removals = memory.removals(near: key)
        let mark = await shared?.mark(key)
        let entry: CacheEntry
        do throws(StoreError) {
            entry = try await guarded.write { (store) throws(StoreError) in try await store.put(key, value, ttl: ttl) }
        } catch {
            if let mark { await shared?.abort(mark) }
            throw error
        }
        var states: [CacheTierName: CacheOutcome.State] = [.l3: .done(changes: 1)]
        if let mark { states[.l2] = await shared?.finish(mark, with: entry) }
        flights.detach(key)
        let isKept = keep(entry, ifRemovals: removals)
        let above = CacheOutcome.State.skipped(reason: "too large for memory, or written by another meanwhile")
        states[.l1] = isKept ? .done(changes: 1) : above
        return CacheOutcome(states)
    }

    /// See `CacheRepository.delete(_:)`.
    @discardableResult
    public func delete(_ key: CacheKey) async throws(StoreError) -> CacheOutcome {
        if shared != nil, isBehind { await follow() }
        let mark = await shared?.mark(key)
        let wasStored: Bool
        do throws(StoreError) {
            wasStored = try await guarded.write { (store) throws(StoreError) in try await store.remove(key) }
        } catch {
            if let mark { await shared?.abort(mark) }
            throw error
        }
        var states: [CacheTierName: CacheOutcome.State] = [.l3: .done(changes: wasStored ? 1 : 0)]
        if let mark { states[.l2] = await shared?.abort(mark) }
        flights.detach(key)
        states[.l1] = .done(changes: memory.remove(key) ? 1 : 0)
        return CacheOutcome(states)
    }

    /// See `CacheRepository.value(for:ttl:load:)`.
    public func value(
        for key: CacheKey, ttl: TTL, load: @escaping @Sendable () async throws -> CacheValue
    ) async throws(StoreError) -> CacheLoad {
        if isBehind { await follow() }
        if let hit = hit(key) { return CacheLoad(value: hit.value, tier: hit.tier) }
        return try await flights.value(for: key) { [self] begin async throws(StoreError) -> CacheLoad in
            try await loaded(key, ttl: ttl, begin: begin, load: load)
        }
    }

    /// Writes the settings and counters of a named cache.
    public func save(_ aggregate: CacheManager) async throws(StoreError) {
        try await guarded.store.save(aggregate)
    }

    /// Reads the settings and counters of a named cache.
    public func load(_ id: CacheID) async throws(StoreError) -> CacheManager? {
        try await guarded.store.load(id)
    }

    /// Forgets the settings and counters of a named cache; its values stay.
    public func delete(_ id: CacheID) async throws(StoreError) {
        try await guarded.store.delete(id)
    }
}
