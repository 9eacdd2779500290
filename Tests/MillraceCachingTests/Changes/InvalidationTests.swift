import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceCaching

/// Invalidations that do not come to their end, and what happens while they run.
@Suite(.timeLimit(.minutes(5))) struct InvalidationTests {
    private let clock = ManualClock()
    private let store: HeldStore
    private let cache: TieredCache
    private let names = (0..<2_500).map { "a:\($0)" }

    init() {
        store = HeldStore(clock: clock)
        cache = TieredCache(store: store, clock: clock)
    }

    private func fill() async throws {
        for name in names { _ = try await store.put(key(name), value(name), ttl: .standard) }
        for name in names.prefix(10) { _ = try await cache.get(key(name)) }
    }

    /// What is found of some of the values, by this cache and by one that begins.
    private func found() async throws -> Int {
        let sample = names.prefix(100).map { key($0) }
        let other = TieredCache(store: store, clock: clock)
        let (own, others) = try await (cache.get(many: sample), other.get(many: sample))
        return own.count + others.count
    }

    @Test func `an invalidation counts when its first statement is done, for memory and for others`() async throws {
        try await fill()
        let seen = Counter()
        store.after(.purge) { () async throws(StoreError) in
            store.after(.purge, nil)
            let found = (try? await found()) ?? -1
            if found == 0 { seen.increment() }
        }
        let outcome = try await cache.invalidatePattern(CachePattern("a:*"))
        #expect(seen.value == 1, "something was found after the first of three steps")
        #expect(outcome == CacheOutcome([.l1: .done(changes: 10), .l3: .done(changes: 2_500)]))
        #expect(store.count(of: .purge) == 3)
        #expect(store.count(of: .retire) == 1)
        #expect(try await store.rules() == [])
    }

    @Test func `an invalidation that is cancelled in the middle counts, and the upkeep finishes it`() async throws {
        try await fill()
        let gate = Gate()
        store.after(.purge) { () async throws(StoreError) in
            await gate.wait()
            if Task.isCancelled { throw StoreError(.cancelled, "cancelled") }
        }
        let invalidation = Task { try await cache.invalidatePattern(CachePattern("a:*")) }
        try await eventually { store.count(of: .purge) == 1 }
        invalidation.cancel()
        await #expect {
            try await invalidation.value
        } throws: { error in
            (error as? StoreError)?.code == .cancelled
        }
        store.after(.purge, nil)
        #expect(try await found() == 0)
        let rules = try await store.rules()
        #expect(rules.map(\.pattern.text) == ["a:*"])

        _ = try await cache.maintain()
        #expect(try await store.rules() == rules, "it may be at it still")
        clock.advance(by: CacheManager.upkeepLease)
        let other = TieredCache(store: store, clock: clock)
        #expect(try await other.maintain().purged == 1_500)
        #expect(try await store.rules() == [])
        #expect(try await found() == 0)
        #expect(try await store.count() == 0)
    }

    @Test func `a rule is not retired when its purge fails, and somebody finishes it later`() async throws {
        try await fill()
        store.after(.purge) { () async throws(StoreError) in throw StoreError(.full, "no room") }
        await #expect(throws: StoreError.self) { try await cache.invalidatePattern(CachePattern("a:*")) }
        #expect(store.count(of: .retire) == 0)
        #expect(try await found() == 0)
        store.after(.purge, nil)
        clock.advance(by: CacheManager.upkeepLease)
        #expect(try await cache.maintain().purged == 1_500)
        #expect(try await store.rules() == [])
    }

    @Test func `one call of the upkeep does fifty steps, or more in two seconds, and the next goes on there`()
        async throws
    {
        // Steps of a thousand keys, of which none is meant.
        try await fill()
        var rules: [CacheRule] = []
        for _ in 0..<60 { rules.append(try await store.invalidate(CachePattern("a:*x"))) }
        clock.advance(by: CacheManager.upkeepLease)
        store.after(.purge) { [clock] () async throws(StoreError) in clock.advance(by: .milliseconds(20)) }
        #expect(try await cache.maintain().isUnfinished)
        #expect(store.count(of: .purge) == 100)
        #expect(try await store.rules() == Array(rules.dropFirst(33)))
        store.after(.purge) { [clock] () async throws(StoreError) in clock.advance(by: .milliseconds(100)) }
        let other = TieredCache(store: store, clock: clock)
        #expect(try await other.maintain().isUnfinished)
        #expect(store.count(of: .purge) == 150)
        #expect(try await store.rules() == [rules[33]] + rules.dropFirst(50), "each has what it took over")
        store.after(.purge, nil)
        #expect(try await !cache.maintain().isUnfinished)
        #expect(try await store.rules() == [rules[50]])
        #expect(try await !other.maintain().isUnfinished)
        #expect(try await store.rules() == [])
        #expect(try await store.count() == 2_500)
    }

    @Test func `a value that was read before an invalidation does not come into memory after it`() async throws {
        _ = try await store.put(key("a:1"), value("old"), ttl: .standard)
        store.after(.entry) { () async throws(StoreError) in
            store.after(.entry, nil)
            // The old value is read, and on its way.
            _ = try? await cache.invalidatePattern(CachePattern("a:*"))
        }
        #expect(try await cache.get(key("a:1"))?.value == value("old"), "it was asked for before the invalidation")
        #expect(cache.hit(key("a:1")) == nil)
        #expect(try await cache.get(key("a:1")) == nil)
    }

    @Test func `what is put while an invalidation is purged stays, in memory too`() async throws {
        try await fill()
        store.after(.invalidate) { () async throws(StoreError) in
            store.after(.invalidate, nil)
            _ = try? await cache.put(key("a:1"), value("new"), ttl: .standard)
        }
        try await cache.invalidatePattern(CachePattern("a:*"))
        #expect(cache.hit(key("a:1"))?.value == value("new"))
        clock.advance(by: .seconds(5))
        #expect(try await cache.get(key("a:1"))?.value == value("new"))
        #expect(try await store.entry(key("a:1"))?.value == value("new"))
    }
}
