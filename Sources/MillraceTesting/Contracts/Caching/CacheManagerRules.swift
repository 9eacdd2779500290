internal import MillraceCore

/// What keeping a named cache's settings and counters promises.
enum CacheManagerRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("a saved cache is loaded with its bounds and counters, one version on") { fixture in
            var cache = try sample(fixture)
            try requireEqual(try await fixture.store.load(cache.id), nil, "a cache that was never saved")
            try await fixture.store.save(cache)
            for version in 1...3 as ClosedRange<Int64> {
                let loaded = try requireValue(try await fixture.store.load(cache.id), "the saved cache")
                try requireEqual(loaded, try copy(of: cache, version: version), "the loaded cache")
                cache = loaded
                cache.add(.l1, .init(hits: 5, misses: 3, evictions: 1))
                cache.limits = try CacheManager.Limits(entries: Int(version), bytes: 9)
                try await fixture.store.save(cache)
            }
        },
        ContractRule("saving a stale cache conflicts and writes nothing") { fixture in
            let cache = try sample(fixture)
            try await fixture.store.save(cache)
            var stale = try requireValue(try await fixture.store.load(cache.id), "the saved cache")
            try await fixture.store.save(stale)
            stale.add(.l3, .init(hits: 99))
            let before = try await fixture.store.load(cache.id)
            for old in [stale, cache] {
                try await requireError(.conflict, "saving a stale cache") { try await fixture.store.save(old) }
            }
            try requireEqual(try await fixture.store.load(cache.id), before, "the cache after the refusals")
        },
        ContractRule("deleting a cache forgets its settings and keeps its values") { fixture in
            let cache = try sample(fixture)
            try await fixture.store.save(cache)
            _ = try await fixture.store.put(.sample, .text("a"), ttl: .standard)
            try await fixture.store.delete(cache.id)
            try requireEqual(try await fixture.store.load(cache.id), nil, "the deleted cache")
            try requireEqual(try await fixture.store.entry(.sample)?.value, .text("a"), "a value")
            try await fixture.store.delete(cache.id)
        },
    ]

    private static func sample(_ fixture: CacheFixture) throws -> CacheManager {
        try CacheManager(
            id: CacheID.make(at: fixture.now), name: "results",
            limits: CacheManager.Limits(entries: 7, bytes: 70),
            counters: [.l1: .init(hits: 1, misses: 2, evictions: 3), .l3: .init(hits: 4)])
    }

    private static func copy(of cache: CacheManager, version: Int64) throws -> CacheManager {
        try CacheManager(
            id: cache.id, name: cache.name, limits: cache.limits, counters: cache.counters, version: version)
    }
}
