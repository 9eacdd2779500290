internal import MillraceCore

/// What `maintain` of a cache promises.
enum CacheUpkeepRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("uses reach the store at the upkeep, once, whichever tier served them") { fixture in
            for name in ["old", "used", "new"] {
                _ = try await fixture.store.put(CacheKey(stored: name), .text(name), ttl: .standard)
                fixture.clock.advance(by: .seconds(1))
            }
            let before = try await fixture.store.newestVersion()
            for _ in 0..<3 { _ = try await fixture.cache.get(CacheKey(stored: "used")) }
            _ = try await fixture.cache.get(CacheKey(stored: "new"))
            _ = try await fixture.cache.get(CacheKey(stored: "missing"))
            try requireEqual(try await fixture.cache.maintain().accesses, 2, "values whose uses were written")
            try requireEqual(try await fixture.cache.maintain().accesses, 0, "values whose uses were written again")
            try requireEqual(try await fixture.store.newestVersion(), before, "a use is no write")
            // What was looked up last is what the store keeps when it has room for one.
            fixture.clock.advance(by: CacheManager.upkeepLease)
            _ = try await fixture.cache.get(CacheKey(stored: "used"))
            try await fixture.cache.maintain()
            fixture.clock.advance(by: CacheManager.upkeepLease)
            let limits = try CacheManager.StoreLimits(entries: 1, bytes: nil)
            _ = try await fixture.store.clean(within: limits, limit: 10, as: CacheID.make(at: fixture.now))
            try requireEqual(
                try await fixture.store.entry(CacheKey(stored: "used"))?.value, .text("used"), "what is left")
        },
        ContractRule("the upkeep removes what has expired") { fixture in
            for number in 1...3 {
                try await fixture.cache.put(CacheKey(stored: "\(number)"), .text("a"), ttl: fixture.ttl(Double(number)))
            }
            fixture.clock.advance(by: .seconds(2))
            try requireEqual(try await fixture.cache.maintain().expired, 2, "expired values that were removed")
            try requireEqual(try await fixture.cache.maintain().expired, 0, "expired values that were removed again")
            try requireEqual(try await fixture.cache.stats().l3Count, 1, "values that are left")
        },
        ContractRule("what was counted is reported once, and the total is the same before and after") { fixture in
            try await fixture.cache.put(.sample, .text("a"), ttl: .standard)
            for _ in 0..<4 { _ = try await fixture.cache.get(.sample) }
            _ = try await fixture.cache.get(CacheKey(stored: "missing"))
            let before = try await fixture.cache.stats()
            try requireEqual(before.total, before.tiers, "the total before the first report")
            for _ in 0..<2 {
                try await fixture.cache.maintain()
                let stats = try await fixture.cache.stats()
                try requireEqual(stats.total, before.tiers, "the total after a report")
                try requireEqual(stats.tiers, before.tiers, "what this process counted")
            }
            let stored = try await fixture.store.counters(of: "default")
            try requireEqual(stored, before.tiers.filter { $0.value != .init() }, "what the store was told")
        },
    ]
}
