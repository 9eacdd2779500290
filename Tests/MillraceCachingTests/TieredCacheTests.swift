import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceCaching

@Suite(.timeLimit(.minutes(5))) struct TieredCacheTests {
    private let clock = ManualClock()
    private let store: HeldStore
    private let cache: TieredCache

    init() {
        store = HeldStore(clock: clock)
        cache = TieredCache(store: store, clock: clock)
    }

    @Test(arguments: CacheContract.rules)
    func `keeps the contract`(rule: ContractRule<CacheFixture>) async throws {
        try await rule.check(CacheFixture(cache: cache, store: store, clock: clock))
    }

    @Test func `a value moves up with the time that remains`() async throws {
        _ = try await store.put(key("a"), value("1"), ttl: ttl(.seconds(100)))
        clock.advance(by: .seconds(40))
        #expect(try await cache.get(key("a")) == CacheHit(value: value("1"), tier: .l3, remaining: ttl(.seconds(60))))
        clock.advance(by: .seconds(59))
        #expect(try await cache.get(key("a")) == CacheHit(value: value("1"), tier: .l1, remaining: ttl(.seconds(1))))
        clock.advance(by: .seconds(1))
        #expect(try await cache.get(key("a")) == nil)
    }

    @Test func `memory keeps a long-lived value for five minutes, then asks the store again`() async throws {
        try await cache.put(key("a"), value("1"), ttl: .standard)
        clock.advance(by: .seconds(299))
        #expect(try await cache.get(key("a"))?.tier == .l1)
        clock.advance(by: .seconds(1))
        #expect(try await cache.get(key("a"))?.tier == .l3)
        #expect(try await cache.get(key("a"))?.tier == .l1)
    }

    @Test func `a store that refuses a write leaves memory as it was`() async throws {
        try await cache.put(key("a"), value("1"), ttl: .standard)
        store.after(.put) { () async throws(StoreError) in throw StoreError(.full, "no room") }
        await #expect { try await cache.put(key("a"), value("2"), ttl: .standard) } throws: {
            ($0 as? StoreError)?.code == .full
        }
        #expect(try await cache.get(key("a"))?.value == value("1"))
    }

    @Test func `a value that is deleted while it is looked up does not come back`() async throws {
        _ = try await store.put(key("a"), value("1"), ttl: .standard)
        store.after(.entry) { [cache, store] () async throws(StoreError) in
            store.after(.entry, nil)
            try await cache.delete(key("a"))
        }
        _ = try await cache.get(key("a"))
        #expect(try await cache.get(key("a")) == nil)
    }

    @Test func `a value that is deleted while it is written does not come back`() async throws {
        store.after(.put) { [cache] () async throws(StoreError) in try await cache.delete(key("a")) }
        try await cache.put(key("a"), value("1"), ttl: .standard)
        #expect(try await cache.get(key("a")) == nil)
    }

    @Test func `a write replaces what memory had, whatever is deleted meanwhile`() async throws {
        let cache = TieredCache(store: store, limits: try CacheManager.Limits(entries: 10), clock: clock)
        try await cache.put(key("a"), value("1"), ttl: .standard)
        store.after(.put) { () async throws(StoreError) in try await cache.delete(key("b")) }
        try await cache.put(key("a"), value("2"), ttl: .standard)
        #expect(try await cache.get(key("a"))?.value == value("2"))
    }

    @Test func `of two writes at once memory keeps the one that the store keeps`() async throws {
        store.after(.put) { [cache, store] () async throws(StoreError) in
            store.after(.put, nil)
            try await cache.put(key("a"), value("2"), ttl: .standard)
        }
        try await cache.put(key("a"), value("1"), ttl: .standard)
        #expect(try await cache.get(key("a"))?.value == value("2"))
        #expect(try await store.entry(key("a"))?.value == value("2"))
    }

    @Test func `a lookup that a load begins with is counted once`() async throws {
        _ = try await cache.value(for: key("a"), ttl: .standard) { value("1") }
        _ = try await cache.value(for: key("a"), ttl: .standard) { value("2") }
        let stats = try await cache.stats()
        #expect(stats.tiers[.l1] == CacheStats.TierCounters(hits: 1, misses: 1))
        #expect(stats.tiers[.l3] == CacheStats.TierCounters(hits: 0, misses: 1))
        #expect(stats.loads == 1 && stats.loadFailures == 0)
    }

    @Test func `a value that was made is given out even if it cannot be kept`() async throws {
        store.after(.fill) { () async throws(StoreError) in throw StoreError(.full, "no room") }
        let made = try await cache.value(for: key("a"), ttl: .standard) { value("1") }
        #expect(made == CacheLoad(value: value("1"), tier: nil))
    }

    @Test func `a thousand lookups of a missing value read the store once`() async throws {
        let gate = Gate()
        let loads = Counter()
        try await withThrowingTaskGroup(of: CacheLoad.self) { group in
            for _ in 0..<1_000 {
                group.addTask {
                    try await cache.value(for: key("a"), ttl: .standard) {
                        loads.increment()
                        await gate.wait()
                        return value("1")
                    }
                }
            }
            try await eventually { loads.value == 1 }
            gate.open()
            for try await load in group { #expect(load.value == value("1")) }
        }
        #expect(loads.value == 1)
        #expect(store.count(of: .fill) == 1)
    }
}
