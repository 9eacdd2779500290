import MillraceCaching
import MillraceCore
import MillraceTesting
import Testing

/// What becomes of a rule in the shared tier.
@Suite(.timeLimit(.minutes(5))) struct SharedPurgingTests {
    private let fleet = SharedFleet()

    private func follow(_ caches: [TieredCache]) async throws {
        fleet.clock.advance(by: .seconds(1))
        for cache in caches { _ = try await cache.get(key("unused")) }
    }

    @Test func `a rule that was purged does not come back by the list of writes`() async throws {
        let (here, there) = (try await fleet.running(), try await fleet.running())
        try await here.put(key("a"), value("1"), ttl: .standard)
        try await here.invalidatePattern(CachePattern("a"))
        #expect(try await fleet.tier.journal().rules.isEmpty)
        try await follow([here, there])
        #expect(try await fleet.tier.journal().rules.isEmpty)
    }

    @Test func `nor when somebody was asking the store before the rule was made`() async throws {
        let cache = try await fleet.running()
        try await cache.put(key("a"), value("1"), ttl: .standard)
        let (isAsked, isPurged) = (Gate(), Gate())
        fleet.store.after(.changes) { [store = fleet.store] () async throws(StoreError) in
            store.after(.changes, nil)
            isAsked.open()
            await isPurged.wait()
        }
        fleet.store.after(.purge) { () async throws(StoreError) in isPurged.open() }
        fleet.clock.advance(by: .seconds(1))
        async let asking = cache.get(key("unused"))
        await isAsked.wait()
        try await cache.invalidatePattern(CachePattern("a"))
        _ = try await asking
        try await follow([cache])
        #expect(try await fleet.tier.journal().rules.isEmpty)
    }

    @Test func `what is being purged is not left over to others`() async throws {
        let there = try await fleet.running()
        try await there.put(key("a"), value("1"), ttl: .standard)
        let (purges, found) = (Counter(), Counter())
        var tier = SlowTier(fleet.tier) {}
        tier.beforePurge = { [fleet] step in
            purges.increment()
            // Longer than the right to purge for others lasts.
            for _ in 0..<4 {
                await step()
                fleet.clock.advance(by: CacheManager.upkeepLease / 2)
                _ = try? await there.maintain()
            }
            if case .value = fleet.tier.content(key("a")) { found.increment() }
        }
        let here = TieredCache(store: fleet.store, shared: tier, clock: fleet.clock)
        try await here.invalidatePattern(CachePattern("a"))
        #expect(purges.value == 1)
        #expect(found.value == 1, "another machine has purged it")
        #expect(fleet.tier.content(key("a")) == .absent)
        #expect(try await fleet.tier.journal().rules.isEmpty)
    }
}
