internal import MillraceCore

/// What the authority of a cache promises about keeping itself small, and about what it is told of uses.
enum CacheCleaningRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("expired entries are removed, so many at a time, and nothing else") { fixture in
            let holder = CacheID.make(at: fixture.now)
            for number in 1...7 { try await put("\(number)", in: fixture, ttl: number <= 5 ? 1 : 100) }
            fixture.clock.advance(by: .seconds(1))
            var removed: [Int] = []
            repeat {
                let pass = try await clean(fixture, limit: 2, as: holder)
                removed.append(pass.expired)
                try requireEqual(pass.evicted, 0, "values given up that had not expired")
                guard pass.isUnfinished else { break }
            } while removed.count < 10
            try requireEqual(removed, [2, 2, 1], "expired entries that each pass removed")
            try requireEqual(try await fixture.store.count(), 2, "the number of entries that are left")
        },
        ContractRule("beyond the number of entries the least recently used go first") { fixture in
            let holder = CacheID.make(at: fixture.now)
            for name in ["a", "b", "c", "d"] {
                try await put(name, in: fixture, ttl: 100)
                fixture.clock.advance(by: .seconds(1))
            }
            // Put anew: a use as well.
            try await put("b", in: fixture, ttl: 100)
            let used = CacheAccess(key: CacheKey(stored: "a"), count: 1, lastAt: fixture.now)
            let early = CacheAccess(key: CacheKey(stored: "d"), count: 9, lastAt: fixture.now - .seconds(50))
            // A report comes late; what counts is when the use was.
            fixture.clock.advance(by: .seconds(1))
            try await fixture.store.record([used, early], counters: [:], of: "default")
            let limits = try CacheManager.StoreLimits(entries: 2, bytes: nil)
            let first = try await clean(fixture, within: limits, limit: 1, as: holder)
            try requireEqual(first, CacheUpkeep(expired: 0, evicted: 1, isUnfinished: true), "the first pass")
            let second = try await clean(fixture, within: limits, limit: 10, as: holder)
            try requireEqual(second, CacheUpkeep(expired: 0, evicted: 1, isUnfinished: false), "the second pass")
            try requireEqual(try await names(of: ["a", "b", "c", "d"], in: fixture), ["a", "b"], "what is left")
        },
        ContractRule("beyond the number of bytes the least recently used go first") { fixture in
            let holder = CacheID.make(at: fixture.now)
            for name in ["a", "b", "c"] {
                let value = CacheValue.text(String(repeating: "x", count: 99))
                _ = try await fixture.store.put(CacheKey(stored: name), value, ttl: .standard)
                fixture.clock.advance(by: .seconds(1))
            }
            let all = try await clean(fixture, within: .init(entries: nil, bytes: 300), limit: 10, as: holder)
            try requireEqual(all.evicted, 0, "values given up of three that fit")
            let pass = try await clean(fixture, within: .init(entries: nil, bytes: 299), limit: 10, as: holder)
            try requireEqual(pass, CacheUpkeep(expired: 0, evicted: 1, isUnfinished: false), "a pass with less room")
            try requireEqual(try await names(of: ["a", "b", "c"], in: fixture), ["b", "c"], "what is left")
        },
        ContractRule("a value that was given up is not taken for one that was removed") { fixture in
            let version = try await fixture.store.put(.sample, .text("a"), ttl: fixture.ttl(1)).version
            fixture.clock.advance(by: .seconds(1))
            _ = try await clean(fixture, limit: 10, as: CacheID.make(at: fixture.now))
            try requireEqual(try await fixture.store.newestVersion(), version, "the newest version")
        },
        ContractRule("one holder at a time cleans") { fixture in
            let holders = (0..<2).map { _ in CacheID.make(at: fixture.now) }
            let step = CacheManager.upkeepLease - .seconds(1)
            for _ in 0..<3 {
                _ = try await clean(fixture, limit: 10, as: holders[0])
                try requireEqual(try await refused(fixture, holders[1]), true, "a second holder is refused")
                fixture.clock.advance(by: step)
            }
            fixture.clock.advance(by: .seconds(1))
            try requireEqual(try await refused(fixture, holders[1]), false, "a second holder after the lease")
            try requireEqual(try await refused(fixture, holders[0]), true, "the first holder then")
        },
        ContractRule("what processes count is added up under the name of the cache") { fixture in
            let store = fixture.store
            try requireEqual(try await store.counters(of: "results"), [:], "the counters before the first report")
            for _ in 0..<3 {
                try await store.record(
                    [], counters: [.l1: .init(hits: 2, misses: 1), .l3: .init(evictions: 4)], of: "results")
                try await store.record([], counters: [.l1: .init(hits: 100)], of: "others")
            }
            let counters = try await store.counters(of: "results")
            try requireEqual(
                counters, [.l1: .init(hits: 6, misses: 3), .l3: .init(evictions: 12)], "the counters after three")
        },
        ContractRule("reports from many at once are all added") { fixture in
            _ = try await concurrently(16) { _ in
                try await fixture.store.record([], counters: [.l1: .init(hits: 1)], of: "results")
            }
            try requireEqual(try await fixture.store.counters(of: "results"), [.l1: .init(hits: 16)], "the counters")
        },
    ]

    private static func put(_ name: String, in fixture: CacheFixture, ttl: Double) async throws {
        _ = try await fixture.store.put(CacheKey(stored: name), .text(name), ttl: fixture.ttl(ttl))
    }

    private static func clean(
        _ fixture: CacheFixture, within limits: CacheManager.StoreLimits = .standard, limit: Int, as holder: CacheID
    ) async throws -> CacheUpkeep {
        let pass = try await fixture.store.clean(within: limits, limit: limit, as: holder)
        return try requireValue(pass, "the right to clean")
    }

    private static func refused(_ fixture: CacheFixture, _ holder: CacheID) async throws -> Bool {
        try await fixture.store.clean(within: .standard, limit: 10, as: holder) == nil
    }

    private static func names(of all: [String], in fixture: CacheFixture) async throws -> [String] {
        var names: [String] = []
        for name in all where try await fixture.store.entry(CacheKey(stored: name)) != nil { names.append(name) }
        return names
    }
}
