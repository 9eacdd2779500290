public import MillraceCore
internal import Synchronization

/// The cache as its users see it: memory in front of a store that is the authority.
///
/// A write goes to the store first, so that memory never holds what the store does not. A value found in the store is
/// promoted to memory for what remains of its TTL, at most five minutes. Once a second a lookup asks the store what has
/// been written meanwhile, by whomever, and memory forgets that; memory is not served when the last answer is two
/// seconds old.
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
        /// The time of day. It must be that of the store, as nearly as the hosts' clocks agree.
        public var clock: any WallClock = SystemWallClock()
        /// What deadlines in memory are measured by.
        public var time = SteadyTime.host

        /// The defaults.
        public init() {}
    }

    let memory: MemoryTier
    let guarded: GuardedStore
    let options: Options
    private let time: SteadyTime
    let counters = CacheCounters()
    let flights = SingleFlight<CacheKey, CacheLoad>()
    private let watch = ChangeWatch()
    /// How long the host had been suspended when memory was last known to have lived through none of it.
    private let suspended: Mutex<Duration>
    /// Who this cache is to others that keep the same store clean.
    let holder: CacheID

    /// Puts memory in front of a store.
    public init(store: any CacheStore, options: Options = Options()) {
        self.options = options
        time = options.time
        suspended = Mutex(options.time.suspended())
        guarded = GuardedStore(store, time: options.time, settings: options.breaker)
        memory = MemoryTier(limits: options.limits, clock: options.clock, time: options.time)
        holder = .make(at: options.clock.now())
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
        return try await CacheWalk.traced { () throws(StoreError) in try await storeHit(key) }
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
        let wanted = Array(missing.keys)
        let found = try await guarded.read { (store) throws(StoreError) in try await store.entries(wanted) }
        counters.count(found: found.count, of: wanted.count)
        for entry in found {
            if let hit = promote(entry, ifRemovals: missing[entry.key] ?? 0) { hits[entry.key] = hit }
        }
        return hits
    }

    /// See `CacheRepository.put(_:_:ttl:)`.
    @discardableResult
    public func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheOutcome {
        if isBehind { await follow() }
        let removals = memory.removals(near: key)
        let entry = try await guarded.write { (store) throws(StoreError) in
            try await store.put(key, value, ttl: ttl)
        }
        flights.detach(key)
        let isKept = keep(entry, ifRemovals: removals)
        let above = CacheOutcome.State.skipped(reason: "too large for memory, or written by another meanwhile")
        return CacheOutcome([.l1: isKept ? .done(changes: 1) : above, .l3: .done(changes: 1)])
    }

    /// See `CacheRepository.delete(_:)`.
    @discardableResult
    public func delete(_ key: CacheKey) async throws(StoreError) -> CacheOutcome {
        let wasStored = try await guarded.write { (store) throws(StoreError) in try await store.remove(key) }
        flights.detach(key)
        let wasInMemory = memory.remove(key)
        return CacheOutcome([.l1: .done(changes: wasInMemory ? 1 : 0), .l3: .done(changes: wasStored ? 1 : 0)])
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

    private func storeHit(_ key: CacheKey) async throws(StoreError) -> CacheHit? {
        let removals = memory.removals(near: key)
        let found = try await guarded.read { (store) throws(StoreError) in try await store.entry(key) }
        counters.count(found: found == nil ? 0 : 1, of: 1)
        return found.flatMap { promote($0, ifRemovals: removals) }
    }

    private func promote(_ entry: CacheEntry, ifRemovals removals: UInt64) -> CacheHit? {
        guard let remaining = entry.remaining(at: options.clock.now()) else { return nil }
        memory.insert(entry, ifRemovals: removals)
        memory.note(entry.key)
        return CacheHit(value: entry.value, tier: .l3, remaining: remaining)
    }

    private func loaded(
        _ key: CacheKey, ttl: TTL, begin: (Int64?) -> Void, load: @Sendable () async throws -> CacheValue
    ) async throws(StoreError) -> CacheLoad {
        // What is known before the load begins; `nil` when the store does not say, and then nothing is kept.
        var version: Int64?
        do throws(StoreError) {
            let hit = try await CacheWalk.traced { () throws(StoreError) in try await storeHit(key) }
            if let hit { return CacheLoad(value: hit.value, tier: hit.tier) }
            version = try await guarded.read { (store) throws(StoreError) in try await store.newestVersion() }
        } catch {
            if error.code == .cancelled { throw error }
        }
        begin(version)
        counters.countLoad()
        let value: CacheValue
        do {
            value = try await load()
        } catch {
            counters.countFailedLoad()
            if Task.isCancelled { throw StoreError(.cancelled, "the load was cancelled", cause: error) }
            throw StoreError(.loadFailed, "the value could not be made: \(error)", cause: error)
        }
        // Making it may have cost minutes: it is worth giving out even if it cannot be kept.
        if let version { try? await fill(key, value, ttl: ttl, ifUnchangedSince: version) }
        return CacheLoad(value: value, tier: nil)
    }

    private func fill(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, ifUnchangedSince version: Int64
    ) async throws(StoreError) {
        let removals = memory.removals(near: key)
        let entry = try await guarded.write { (store) throws(StoreError) in
            try await store.fill(key, value, ttl: ttl, ifUnchangedSince: version)
        }
        if let entry { keep(entry, ifRemovals: removals) }
    }

    /// Takes what this cache wrote into memory; where that does not keep it, an older value that is being fetched must
    /// not take its place.
    @discardableResult
    private func keep(_ entry: CacheEntry, ifRemovals removals: UInt64) -> Bool {
        if memory.insert(entry, ifRemovals: removals, isWrite: true) { return true }
        memory.remove(entry.key, olderThan: entry.version)
        return false
    }
}

// MARK: - Staying in step

extension TieredCache {
    private var isBehind: Bool { watch.isDue(at: time.latest()) }

    /// Asks the store what was written since it was last asked, and forgets that; leaves it to whoever is asking already.
    private func follow() async {
        guard let turn = watch.begin() else { return }
        forgetIfSuspended()
        let askedAt = time.earliest()
        do throws(StoreError) {
            let changes = try await guarded.read { (store) throws(StoreError) in
                try await store.changes(since: turn.since)
            }
            forget(changes, isFirst: turn.since == nil)
            watch.finish((changes.newest, askedAt))
        } catch {
            // Memory is served for a while yet, and then no more; lookups that reach the store say what is wrong.
            watch.finish(nil)
        }
    }

    /// Empties memory when the host was suspended: the time that its deadlines are measured by stood still meanwhile.
    private func forgetIfSuspended() {
        let now = time.suspended()
        let wasSuspended = suspended.withLock { last in
            defer { last = max(last, now) }
            // Less is the setting of a clock, or a pause between two looks at one.
            return now - last > .milliseconds(50)
        }
        if wasSuspended { memory.removeAll() }
    }

    private func forget(_ changes: CacheChanges, isFirst: Bool) {
        guard let writes = changes.writes else {
            memory.removeAll()
            // What is being made when the first answer comes was begun a moment ago.
            if !isFirst { flights.detachAll(olderThan: changes.newest) { _ in true } }
            return
        }
        // The last invalidation by a pattern covers the others.
        var patterns: [CachePattern: Int64] = [:]
        for write in writes {
            switch write.scope {
            case .key(let key):
                memory.remove(key, olderThan: write.version)
                flights.detach(key, olderThan: write.version)
            case .pattern(let pattern):
                patterns[pattern] = write.version
            }
        }
        for (pattern, version) in patterns {
            memory.removeAll { $0.version < version && pattern.matches($0.key) }
            flights.detachAll(olderThan: version, where: pattern.matches)
        }
    }
}
