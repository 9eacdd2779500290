import MillraceCore
import MillraceTesting
import Synchronization
import Testing

@testable import MillraceCaching

/// A cache in step with its store, and out of step.
@Suite(.timeLimit(.minutes(5))) struct StalenessTests {
    private let clock = ManualClock()
    private let store: HeldStore
    private let cache: TieredCache
    private let sample = key("a")

    init() {
        store = HeldStore(clock: clock)
        cache = TieredCache(store: store, clock: clock)
    }

    private func fail(_ calls: HeldStore.Call...) {
        for call in calls {
            store.after(call) { () async throws(StoreError) in throw StoreError(.busy, "locked") }
        }
    }

    @Test func `the store is asked once a second, however often memory is`() async throws {
        try await cache.put(sample, value("1"), ttl: .standard)
        for _ in 0..<50 {
            for _ in 0..<10 { #expect(try await cache.get(sample)?.tier == .l1) }
            clock.advance(by: .milliseconds(100))
        }
        #expect((5...6).contains(store.count(of: .changes)))
        #expect(store.count(of: .newest) == 0)
        #expect(store.count(of: .entry) == 0)
    }

    @Test func `a store that answers no more stops the hits in memory two seconds after its last answer`() async throws
    {
        try await cache.put(sample, value("1"), ttl: .standard)
        _ = try await cache.get(sample)
        fail(.changes, .newest, .entry)
        clock.advance(by: .seconds(2) - .microseconds(1))
        #expect(try await cache.get(sample)?.tier == .l1)
        clock.advance(by: .microseconds(1))
        #expect(cache.hit(sample) == nil)
        await #expect(throws: StoreError.self) { try await cache.get(sample) }
        for call in [.changes, .newest, .entry] as [HeldStore.Call] { store.after(call, nil) }
        clock.advance(by: .seconds(30))
        #expect(try await cache.get(sample)?.tier == .l1, "nothing was written: memory is in step again, and whole")
    }

    @Test func `a question that hangs keeps one caller and stops the hits all the same`() async throws {
        try await cache.put(sample, value("1"), ttl: .standard)
        clock.advance(by: .seconds(1))
        let asked = store.count(of: .changes)
        let gate = Gate()
        store.after(.changes) { () async throws(StoreError) in await gate.wait() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await cache.get(sample) }
            try await eventually { store.count(of: .changes) == asked + 1 }
            #expect(try await cache.get(sample)?.tier == .l1, "others go on")
            clock.advance(by: .seconds(1))
            #expect(try await cache.get(sample)?.tier == .l3, "memory is not sure any more")
            gate.open()
            try await group.waitForAll()
        }
        // The answer is as old as the question.
        clock.advance(by: .seconds(1) - .microseconds(1))
        #expect(cache.hit(sample) != nil)
        clock.advance(by: .microseconds(1))
        #expect(cache.hit(sample) == nil)
        #expect(try await cache.get(sample)?.tier == .l1)
    }

    @Test func `a cancelled question leaves the next to others`() async throws {
        try await cache.put(sample, value("1"), ttl: .standard)
        clock.advance(by: .seconds(1))
        let asked = store.count(of: .changes)
        let gate = Gate()
        store.after(.changes) { () async throws(StoreError) in
            await gate.wait()
            if Task.isCancelled { throw StoreError(.cancelled, "cancelled") }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await cache.get(sample) }
            try? await eventually { store.count(of: .changes) == asked + 1 }
            group.cancelAll()
        }
        store.after(.changes, nil)
        _ = try await cache.get(sample)
        #expect(store.count(of: .changes) == asked + 2)
    }

    @Test func `a value that another replaces while it is read is not kept`() async throws {
        _ = try await store.put(sample, value("1"), ttl: .standard)
        _ = try await cache.get(key("other"))
        store.after(.entry) { [store, cache, clock] () async throws(StoreError) in
            store.after(.entry, nil)
            _ = try await store.put(sample, value("2"), ttl: .standard)
            clock.advance(by: .seconds(1))
            // Somebody else's lookup follows the write while this one is on its way.
            _ = try await cache.get(key("other"))
        }
        _ = try await cache.get(sample)
        #expect(cache.hit(sample) == nil)
        #expect(try await cache.get(sample)?.value == value("2"))
    }

    @Test func `memory keeps what it put itself`() async throws {
        for round in 0..<5 {
            try await cache.put(sample, value("\(round)"), ttl: .standard)
            clock.advance(by: .seconds(1))
            #expect(
                try await cache.get(sample)
                    == CacheHit(value: value("\(round)"), tier: .l1, remaining: TTL(.seconds(30 * 86_400 - 1))))
        }
    }

    @Test func `a store that does not know what was written empties memory`() async throws {
        let listed = Mutex(true)
        let forgetful = ForgetfulStore(base: store, knows: { listed.withLock { $0 } })
        let cache = TieredCache(store: forgetful, clock: clock)
        try await cache.put(sample, value("1"), ttl: .standard)
        listed.withLock { $0 = false }
        clock.advance(by: .seconds(1))
        #expect(try await cache.get(sample)?.tier == .l3)
    }

    @Test func `the wall clock may be set without a value living longer`() async throws {
        let wall = SetClock(now: ManualClock.standardStart)
        var options = TieredCache.Options()
        options.clock = wall
        options.time = SteadyTime(clock)
        let cache = TieredCache(store: HeldStore(clock: clock), options: options)
        try await cache.put(sample, value("1"), ttl: ttl(.seconds(100)))
        wall.set(ManualClock.standardStart - .seconds(3_600))
        clock.advance(by: .seconds(99))
        _ = try await cache.get(key("other"))
        #expect(cache.hit(sample)?.remaining == (try ttl(.seconds(1))))
        clock.advance(by: .seconds(1))
        #expect(cache.hit(sample) == nil)
    }

    @Test func `a store that is down does not keep a value from being made, nor its waiters waiting`() async throws {
        fail(.entry, .newest, .fill, .changes)
        for round in 0..<6 {
            let made = try await cache.value(for: sample, ttl: .standard) { value("\(round)") }
            #expect(made == CacheLoad(value: value("\(round)"), tier: nil))
        }
        let asked = ([.entry, .newest, .changes] as [HeldStore.Call]).reduce(0) { $0 + store.count(of: $1) }
        #expect(asked == 3, "then it is left alone")
        await #expect {
            try await cache.get(sample)
        } throws: { error in
            (error as? StoreError)?.code == .unavailable && "\(error)".contains("left alone")
        }
        clock.advance(by: .seconds(1))
        for call in [.entry, .newest, .fill, .changes] as [HeldStore.Call] { store.after(call, nil) }
        let kept = try await cache.value(for: sample, ttl: .standard) { value("kept") }
        #expect(kept.tier == nil)
        #expect(try await cache.get(sample)?.value == value("kept"))
    }

    @Test func `a store that cannot be written is still read`() async throws {
        try await cache.put(sample, value("1"), ttl: .standard)
        store.after(.put) { () async throws(StoreError) in throw StoreError(.full, "no room") }
        for _ in 0..<5 { _ = try? await cache.put(key("b"), value("2"), ttl: .standard) }
        #expect(store.count(of: .put) == 4)
        #expect(try await cache.get(sample)?.tier == .l1)
        clock.advance(by: TTL.memoryCap.duration)
        #expect(try await cache.get(sample)?.tier == .l3)
    }

    @Test func `a value too large for memory is put, and the outcome says so`() async throws {
        let cache = TieredCache(store: store, limits: try CacheManager.Limits(entries: 10, bytes: 500), clock: clock)
        let outcome = try await cache.put(sample, value(String(repeating: "x", count: 500)), ttl: .standard)
        #expect(outcome.changes(in: .l3) == 1)
        guard case .skipped(let reason)? = outcome.states[.l1] else {
            Issue.record("memory took it: \(outcome)")
            return
        }
        #expect(reason.contains("too large"))
        #expect(try await cache.get(sample)?.tier == .l3)
    }

    @Test func `a put that memory does not keep is not overtaken by an older value that is being read`() async throws {
        let cache = TieredCache(store: store, limits: try CacheManager.Limits(entries: 10, bytes: 500), clock: clock)
        _ = try await store.put(sample, value("old"), ttl: .standard)
        _ = try await cache.get(key("other"))
        let large = value(String(repeating: "x", count: 500))
        store.after(.entry) { [store, sample] () async throws(StoreError) in
            store.after(.entry, nil)
            // The old value is read, and on its way.
            try await cache.put(sample, large, ttl: .standard)
        }
        #expect(try await cache.get(sample)?.value == value("old"), "it was asked for before the put")
        #expect(cache.hit(sample) == nil)
        #expect(try await cache.get(sample)?.value == large)
    }

    @Test func `a put that is over before memory has it removes the older value`() async throws {
        try await cache.put(sample, value("old"), ttl: .standard)
        store.after(.put) { [clock] () async throws(StoreError) in clock.advance(by: .milliseconds(10)) }
        try await cache.put(sample, value("short"), ttl: ttl(.milliseconds(10)))
        #expect(cache.hit(sample) == nil)
        #expect(try await cache.get(sample) == nil)
    }

    @Test func `a value does not live longer in memory because the host was suspended`() async throws {
        let steady = ManualClock()
        let suspended = Mutex(Duration.zero)
        var options = TieredCache.Options()
        options.clock = clock
        options.time = SteadyTime(steady) { suspended.withLock { $0 } }
        let cache = TieredCache(store: store, options: options)
        try await cache.put(sample, value("1"), ttl: ttl(.seconds(100)))
        steady.advance(by: .seconds(1))
        // The two clocks behind it are not read at one moment.
        suspended.withLock { $0 += .milliseconds(50) }
        #expect(try await cache.get(sample)?.tier == .l1)
        // A suspension: only the wall clock goes on.
        suspended.withLock { $0 += .seconds(100) }
        clock.advance(by: .seconds(100))
        steady.advance(by: .seconds(1))
        #expect(try await cache.get(sample) == nil)
    }

    @Test func `memory is emptied after a suspension even if the store does not answer`() async throws {
        let suspended = Mutex(Duration.zero)
        var options = TieredCache.Options()
        options.clock = clock
        options.time = SteadyTime(clock) { suspended.withLock { $0 } }
        let cache = TieredCache(store: store, options: options)
        try await cache.put(sample, value("1"), ttl: .standard)
        fail(.changes)
        suspended.withLock { $0 += .milliseconds(51) }
        clock.advance(by: .seconds(1))
        #expect(try await cache.get(sample)?.tier == .l3)
    }

    @Test func `uses whose report failed are reported the next time`() async throws {
        try await cache.put(sample, value("1"), ttl: .standard)
        for _ in 0..<3 { _ = try await cache.get(sample) }
        fail(.record)
        await #expect(throws: StoreError.self) { try await cache.maintain() }
        let before = try await cache.stats()
        store.after(.record, nil)
        #expect(try await cache.maintain().accesses == 1)
        #expect(try await cache.stats().total == before.total)
        #expect(try await store.counters(of: "default")[.l1]?.hits == 3)
    }

    @Test func `uses of a value that memory gave up are reported too`() async throws {
        let cache = TieredCache(store: store, limits: try CacheManager.Limits(entries: 2), clock: clock)
        for name in ["a", "b", "c", "d"] {
            try await cache.put(key(name), value(name), ttl: .standard)
            _ = try await cache.get(key(name))
        }
        #expect(try await cache.maintain().accesses == 4)
    }
}

/// A store that at times says nothing about its writes.
private struct ForgetfulStore: CacheStore {
    let base: HeldStore
    let knows: @Sendable () -> Bool

    func changes(since version: Int64?) async throws(StoreError) -> CacheChanges {
        let changes = try await base.changes(since: version)
        return knows() ? changes : CacheChanges(newest: changes.newest, writes: nil)
    }

    func save(_ aggregate: CacheManager) async throws(StoreError) { try await base.save(aggregate) }
    func load(_ id: CacheID) async throws(StoreError) -> CacheManager? { try await base.load(id) }
    func delete(_ id: CacheID) async throws(StoreError) { try await base.delete(id) }
    func entry(_ key: CacheKey) async throws(StoreError) -> CacheEntry? { try await base.entry(key) }
    func entries(_ keys: [CacheKey]) async throws(StoreError) -> [CacheEntry] { try await base.entries(keys) }
    func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheEntry {
        try await base.put(key, value, ttl: ttl)
    }
    func fill(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, ifUnchangedSince version: Int64
    ) async throws(StoreError) -> CacheEntry? {
        try await base.fill(key, value, ttl: ttl, ifUnchangedSince: version)
    }
    func remove(_ key: CacheKey) async throws(StoreError) -> Bool { try await base.remove(key) }
    func invalidate(_ pattern: CachePattern) async throws(StoreError) -> CacheRule {
        try await base.invalidate(pattern)
    }
    func purge(_ rule: CacheRule, limit: Int) async throws(StoreError) -> CachePurge {
        try await base.purge(rule, limit: limit)
    }
    func retire(_ rule: CacheRule) async throws(StoreError) { try await base.retire(rule) }
    func rules() async throws(StoreError) -> [CacheRule] { try await base.rules() }
    func claimRule() async throws(StoreError) -> CacheRule? { try await base.claimRule() }
    func newestVersion() async throws(StoreError) -> Int64 { try await base.newestVersion() }
    func count() async throws(StoreError) -> Int { try await base.count() }
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

/// A wall clock that somebody sets.
private final class SetClock: WallClock {
    private let time: Mutex<Timestamp>

    init(now: Timestamp) {
        time = Mutex(now)
    }

    func set(_ now: Timestamp) { time.withLock { $0 = now } }

    func now() -> Timestamp { time.withLock { $0 } }
}
