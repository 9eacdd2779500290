import Foundation
import MillraceCore
import MillraceTesting
import Synchronization
import Testing

@testable import MillraceCaching

@Suite(.timeLimit(.minutes(5))) struct SharedTierTests {
    private let fleet = SharedFleet()

    // MARK: Reading

    @Test(arguments: CacheContract.rules)
    func `a cache with a shared tier keeps the contract`(rule: ContractRule<CacheFixture>) async throws {
        try await rule.check(CacheFixture(cache: fleet.machine(), store: fleet.store, clock: fleet.clock))
    }

    @Test func `a value goes up through the tiers, with the time that remains`() async throws {
        _ = try await fleet.store.put(key("a"), value("1"), ttl: ttl(.seconds(100)))
        fleet.clock.advance(by: .seconds(40))
        let first = fleet.machine()
        #expect(try await first.get(key("a")) == CacheHit(value: value("1"), tier: .l3, remaining: ttl(.seconds(60))))
        fleet.clock.advance(by: .seconds(10))
        let second = fleet.machine()
        #expect(try await second.get(key("a")) == CacheHit(value: value("1"), tier: .l2, remaining: ttl(.seconds(50))))
        #expect(try await second.get(key("a")) == CacheHit(value: value("1"), tier: .l1, remaining: ttl(.seconds(50))))
        fleet.clock.advance(by: .seconds(50))
        for cache in [first, second, fleet.machine()] { #expect(try await cache.get(key("a")) == nil) }
    }

    @Test func `a tier that has lost everything is filled again`() async throws {
        try await fleet.machine().put(key("a"), value("1"), ttl: .standard)
        #expect(try await fleet.tier(of: "a", by: fleet.machine()) == .l2)
        fleet.tier.flush()
        #expect(try await fleet.tier(of: "a", by: fleet.machine()) == .l3)
        #expect(try await fleet.tier(of: "a", by: fleet.machine()) == .l2)
    }

    @Test func `a value that is damaged is a miss and a count, and a sound one takes its place`() async throws {
        try await fleet.machine().put(key("a"), value("1"), ttl: .standard)
        guard case .value(let version, var envelope) = fleet.tier.content(key("a")) else {
            Issue.record("nothing in the tier")
            return
        }
        envelope[envelope.startIndex + 24] ^= 1
        fleet.tier.set(.value(version: version, envelope), under: key("a"))
        let cache = fleet.machine()
        #expect(try await cache.get(key("a")) == CacheHit(value: value("1"), tier: .l3, remaining: .standard))
        let stats = try await cache.stats()
        #expect(stats.l2Damaged == 1)
        #expect(stats.tiers[.l2] == CacheStats.TierCounters(hits: 0, misses: 1))
        #expect(try await fleet.tier(of: "a", by: fleet.machine()) == .l2)
    }

    @Test func `many values take as many round trips as two`() async throws {
        let names = (0..<100).map { "k\($0)" }
        for name in names { _ = try await fleet.store.put(key(name), value(name), ttl: .standard) }
        let expected = Set(names.map(key))
        // The first fills, the second finds.
        for (tier, limit) in [(CacheTierName.l3, 5), (.l2, 2)] {
            let cache = fleet.machine()
            let before = fleet.tier.roundTrips
            let hits = try await cache.get(many: names.map(key))
            #expect(Set(hits.keys) == expected)
            #expect(hits.values.allSatisfy { $0.tier == tier })
            #expect(fleet.tier.roundTrips - before <= limit)
        }
        #expect(fleet.store.count(of: .entries) == 1)
    }

    @Test func `the sizes are those of the own values alone`() async throws {
        let cache = fleet.machine()
        for name in ["a", "b", "c"] { try await cache.put(key(name), value("1"), ttl: ttl(.seconds(10))) }
        try await cache.put(key("d"), value("1"), ttl: .standard)
        _ = try await cache.get(key("missing"))
        #expect(try await cache.stats().l2Size == 4)
        fleet.clock.advance(by: .seconds(10))
        #expect(try await cache.stats().l2Size == 1)
        fleet.tier.isReachable = false
        #expect(try await cache.stats().l2Size == nil)
    }

    // MARK: Writing

    @Test func `each operation says what each tier did`() async throws {
        let cache = fleet.machine()
        let done = CacheOutcome.State.done(changes: 1)
        #expect(try await cache.put(key("a"), value("1"), ttl: .standard).states == [.l1: done, .l2: done, .l3: done])
        #expect(try await cache.delete(key("a")).states == [.l1: done, .l2: done, .l3: done])
        try await cache.put(key("b"), value("1"), ttl: .standard)
        #expect(try await cache.invalidatePattern(CachePattern("b*")).states == [.l1: done, .l2: done, .l3: done])
        // It listens by now, and has asked what it may have missed before.
        _ = try await cache.get(key("unused"))
        fleet.tier.isReachable = false
        let states = try await cache.put(key("a"), value("2"), ttl: .standard).states
        #expect(states[.l1] == done && states[.l3] == done)
        #expect(states[.l2] == .skipped(reason: "the shared tier cannot be reached"))
    }

    @Test func `a put, a deletion and an invalidation here leave nothing old there`() async throws {
        let (here, there) = (try await fleet.running(), fleet.machine())
        try await here.put(key("a"), value("1"), ttl: .standard)
        try await here.put(key("a"), value("2"), ttl: .standard)
        #expect(try await there.get(key("a")) == CacheHit(value: value("2"), tier: .l2, remaining: .standard))
        try await here.delete(key("a"))
        #expect(try await fleet.machine().get(key("a")) == nil)
        try await here.put(key("a"), value("3"), ttl: .standard)
        try await here.invalidatePattern(CachePattern("?"))
        #expect(try await fleet.machine().get(key("a")) == nil)
        #expect(fleet.tier.content(key("a")) == .absent)
    }

    @Test func `an invalidation that takes long is purged from the shared tier too`() async throws {
        let cache = fleet.machine()
        try await cache.put(key("a"), value("1"), ttl: .standard)
        fleet.store.after(.purge) { [clock = fleet.clock] () async throws(StoreError) in
            clock.advance(by: .seconds(3))
        }
        let outcome = try await cache.invalidatePattern(CachePattern("a"))
        #expect(outcome.states[.l2] == .done(changes: 1))
        #expect(fleet.tier.content(key("a")) == .absent)
    }

    @Test func `a write that fails leaves no mark`() async throws {
        let cache = fleet.machine()
        try await cache.put(key("a"), value("1"), ttl: .standard)
        fleet.store.after(.put) { () async throws(StoreError) in throw StoreError(.full, "no room") }
        await #expect(throws: StoreError.self) { try await cache.put(key("a"), value("2"), ttl: .standard) }
        #expect(fleet.tier.content(key("a")) == .absent)
    }

    @Test func `what memory elsewhere holds is gone as soon as it is written here`() async throws {
        let (here, there) = (try await fleet.running(), try await fleet.running())
        try await here.put(key("a"), value("1"), ttl: .standard)
        #expect(try await there.get(key("a"))?.value == value("1"))
        #expect(try await fleet.tier(of: "a", by: there) == .l1)
        try await here.put(key("a"), value("2"), ttl: .standard)
        #expect(try await there.get(key("a"))?.value == value("2"), "with no time passed")
        try await here.invalidatePattern(CachePattern("a"))
        #expect(there.hit(key("a")) == nil)
        try await here.put(key("a"), value("3"), ttl: .standard)
        #expect(try await here.get(key("a"))?.tier == .l1, "and one's own write stays")
    }

    @Test func `who has missed a message asks the store with the next lookup, and keeps what was not written`()
        async throws
    {
        let (here, there) = (try await fleet.running(), try await fleet.running())
        // Three of one bucket, so that the next message shows that one is missing.
        let bucket = SharedBucket.number(of: key("a"))
        let others = (0...).lazy.map { key("k\($0)") }.filter { SharedBucket.number(of: $0) == bucket }
        let (second, third) = (
            others.first { _ in true } ?? key("a"), others.dropFirst().first { _ in true } ?? key("a")
        )
        for key in [key("a"), second] {
            try await here.put(key, value("1"), ttl: .standard)
            _ = try await there.get(key)
        }
        fleet.tier.isHeard = false
        try await here.put(key("a"), value("2"), ttl: .standard)
        #expect(there.hit(key("a"))?.value == value("1"))
        fleet.tier.isHeard = true
        try await here.put(third, value("1"), ttl: .standard)
        let asked = fleet.store.count(of: .changes)
        #expect(try await there.get(key("a"))?.value == value("2"), "with no time passed")
        #expect(fleet.store.count(of: .changes) == asked + 1)
        #expect(try await there.get(second)?.tier == .l1)
    }

    // MARK: Out of reach, and out of step

    @Test func `what was written while the tier could not be told is told before anybody finds it`() async throws {
        let (here, there) = (try await fleet.running(), try await fleet.running())
        try await here.put(key("a"), value("1"), ttl: .standard)
        try await here.put(key("b"), value("1"), ttl: .standard)
        fleet.tier.isReachable = false
        try await here.put(key("a"), value("2"), ttl: .standard)
        try await here.delete(key("b"))
        #expect(try await here.get(key("a"))?.value == value("2"))
        fleet.clock.advance(by: .seconds(2))
        #expect(try await there.get(key("a"))?.value == value("2"))
        fleet.tier.isReachable = true
        for _ in 0..<8 {
            fleet.clock.advance(by: .seconds(1))
            for cache in [here, there, fleet.machine()] {
                #expect(try await cache.get(key("a"))?.value == value("2"))
                #expect(try await cache.get(key("b")) == nil)
            }
        }
        #expect(try await fleet.tier(of: "a", by: fleet.machine()) == .l2, "and the tier serves again")
    }

    @Test func `what a program without the tier writes is told by the others`() async throws {
        let (sharing, other) = (try await fleet.running(), fleet.machine(shares: false))
        for name in ["a", "b", "c"] { try await sharing.put(key(name), value("1"), ttl: .standard) }
        try await other.put(key("a"), value("2"), ttl: .standard)
        try await other.delete(key("b"))
        try await other.invalidatePattern(CachePattern("c"))
        for cache in [fleet.machine(), fleet.machine()] {
            #expect(try await cache.get(key("a"))?.value == value("2"))
            #expect(try await cache.get(key("b")) == nil)
            #expect(try await cache.get(key("c")) == nil)
        }
        // The rule that nobody purged the tier by is worked off by whoever tidies up.
        fleet.clock.advance(by: .seconds(1))
        _ = try await sharing.maintain()
        #expect(try await fleet.tier.journal().rules.isEmpty)
        #expect(fleet.tier.content(key("c")) == .absent)
    }

    @Test func `a lookup that took too long does not count, even if all is well again`() async throws {
        let cache = fleet.machine()
        try await cache.put(key("a"), value("1"), ttl: .standard)
        let slow = SlowTier(fleet.tier) { [clock = fleet.clock] in clock.advance(by: .seconds(2)) }
        let late = TieredCache(store: fleet.store, shared: slow, clock: fleet.clock)
        #expect(try await late.get(key("a"))?.tier == .l3)
    }

    @Test func `a server that comes back older than it was serves nothing of that`() async throws {
        let (here, there) = (try await fleet.running(), try await fleet.running())
        try await here.put(key("a"), value("1"), ttl: .standard)
        try await here.put(key("c"), value("1"), ttl: .standard)
        _ = try await fleet.machine().get(key("a"))
        let copy = fleet.tier.copy()
        try await here.put(key("a"), value("2"), ttl: .standard)
        try await here.invalidatePattern(CachePattern("c"))
        fleet.clock.advance(by: .seconds(1))
        _ = try await there.get(key("b"))
        fleet.tier.restore(copy)
        for _ in 0..<4 {
            for cache in [there, here, fleet.machine()] {
                #expect(try await cache.get(key("a"))?.value == value("2"))
                #expect(try await cache.get(key("c")) == nil)
            }
            fleet.clock.advance(by: .milliseconds(700))
        }
    }

    @Test func `a store that went back to a backup makes the tier begin anew`() async throws {
        let old = SharedFleet()
        let cache = old.machine()
        try await cache.put(key("a"), value("1"), ttl: .standard)
        old.clock.advance(by: .seconds(1))
        _ = try await cache.get(key("b"))
        let before = try await old.tier.journal().cursor
        // Another store of the same name, which has given fewer versions.
        let restored = TieredCache(store: fleet.store, shared: old.tier, clock: old.clock)
        #expect(try await restored.get(key("a")) == nil)
        #expect(try await old.tier.journal().cursor?.epoch != before?.epoch)
    }

    // MARK: One load

    @Test func `of ten machines one makes a value, and all get it`() async throws {
        let loads = Counter()
        let caches = (0..<10).map { _ in fleet.machine() }
        try await withThrowingTaskGroup(of: CacheLoad.self) { group in
            for cache in caches {
                for _ in 0..<20 {
                    group.addTask {
                        try await cache.value(for: key("cold"), ttl: .standard) {
                            loads.increment()
                            for _ in 0..<100 { await Task.yield() }
                            return value("made")
                        }
                    }
                }
            }
            for try await load in group { #expect(load.value == value("made")) }
        }
        #expect(loads.value == 1)
    }

    @Test func `when the machine that makes a value fails or goes, another makes it`() async throws {
        let (first, second) = (fleet.machine(), fleet.machine())
        let gate = Gate()
        let running = Task {
            try await first.value(for: key("cold"), ttl: .standard) {
                await gate.wait()
                return value("first")
            }
        }
        try await eventually { if case .lease = fleet.tier.content(key("cold")) { true } else { false } }
        let waiting = Task { try await second.value(for: key("cold"), ttl: .standard) { value("second") } }
        running.cancel()
        _ = await running.result
        #expect(try await waiting.value == CacheLoad(value: value("second"), tier: nil))
    }

    @Test func `a machine that is gone for good keeps the others waiting as long as its lease lasts`() async throws {
        let cache = fleet.machine()
        _ = try await cache.get(key("unused"))
        fleet.tier.set(.lease(.random()), under: key("cold"))
        let waiting = Task { try await cache.value(for: key("cold"), ttl: .standard) { value("made") } }
        let before = fleet.tier.roundTrips
        try await eventually { fleet.tier.roundTrips > before + 4 }
        #expect(try await cache.get(key("cold")) == nil, "who only looks does not wait")
        // The time of the lease: set by hand, it lasts for a day.
        fleet.tier.set(.absent, under: key("cold"))
        #expect(try await waiting.value == CacheLoad(value: value("made"), tier: nil))
    }

    @Test func `a value that was written while it was made elsewhere is not overridden`() async throws {
        let (loader, writer) = (fleet.machine(), fleet.machine())
        let made = try await loader.value(for: key("a"), ttl: .standard) {
            try await writer.put(key("a"), value("put"), ttl: .standard)
            return value("made")
        }
        #expect(made.value == value("made"))
        for cache in [loader, writer, fleet.machine()] { #expect(try await cache.get(key("a"))?.value == value("put")) }
    }

    // MARK: Loads beside writes elsewhere

    /// What who asks a machine gets while a load that began there before a write elsewhere still runs; no time passes.
    private func lateAnswer(
        _ there: TieredCache, after write: () async throws -> Void
    ) async throws -> CacheValue {
        let (loads, gate) = (Counter(), Gate())
        let ask = { @Sendable (text: String) async throws -> CacheValue in
            try await there.value(for: key("a"), ttl: .standard) {
                loads.increment()
                await gate.wait()
                return value(text)
            }.value
        }
        async let early = ask("early")
        try await eventually { loads.value == 1 }
        try await write()
        let read = fleet.store.count(of: .entry)
        async let late = ask("late")
        try await eventually {
            there.flights.waiterCount(for: key("a")) == 2 || fleet.store.count(of: .entry) > read
        }
        gate.open()
        #expect(try await early == value("early"), "who asked before the write still gets it")
        return try await late
    }

    @Test func `who asks after a deletion elsewhere does not join a load begun before it`() async throws {
        let (here, there) = (try await fleet.running(), try await fleet.running())
        #expect(try await lateAnswer(there) { try await here.delete(key("a")) } == value("late"))
    }

    @Test func `who asks after a put elsewhere that is not announced yet does not join a load begun before it`()
        async throws
    {
        let (here, there) = (try await fleet.running(), try await fleet.running())
        let announcement = Gate()
        fleet.store.after(.put) { () async throws(StoreError) in await announcement.wait() }
        let writing = Mutex<Task<CacheOutcome, any Error>?>(nil)
        let answer = try await lateAnswer(there) {
            let before = fleet.store.count(of: .put)
            let task = Task { try await here.put(key("a"), value("put"), ttl: .standard) }
            writing.withLock { $0 = task }
            try await eventually { fleet.store.count(of: .put) > before }
        }
        #expect(answer == value("put"))
        announcement.open()
        _ = try await writing.withLock { $0 }?.value
        #expect(try await there.get(key("a"))?.value == value("put"))
    }
}
