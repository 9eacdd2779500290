internal import MillraceCore

/// What `stats` of a cache promises.
enum CacheStatsRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("the sizes are those of the values that have not expired") { fixture in
            let empty = try await fixture.cache.stats()
            try requireEqual([empty.l1Size, empty.l3Count, empty.l1MemoryBytes], [0, 0, 0], "the sizes of no values")
            for number in 1...4 {
                let key = CacheKey(stored: "key \(number)")
                try await fixture.cache.put(key, .text("value"), ttl: fixture.ttl(Double(number)))
            }
            try requireEqual(try await fixture.cache.stats().l3Count, 4, "values in the store")
            try await fixture.cache.delete(CacheKey(stored: "key 4"))
            fixture.clock.advance(by: .seconds(2))
            let stats = try await fixture.cache.stats()
            try requireEqual(stats.l3Count, 1, "values in the store after one was deleted and two expired")
            try require(stats.l1Size <= 3, "memory holds \(stats.l1Size) values after one was deleted")
            if stats.tiers[.l1] != nil {
                try require(stats.l1Size >= 1, "memory holds no value")
                try require(stats.l1MemoryBytes > 0, "the values in memory take no bytes")
            }
        },
        ContractRule("each tier counts the lookups that it answered and those that it could not") { fixture in
            _ = try await fixture.cache.get(.sample)
            _ = try await fixture.store.put(.sample, .text("a"), ttl: .standard)
            for _ in 0..<3 { _ = try await fixture.cache.get(.sample) }
            let tiers = try await fixture.cache.stats().tiers
            let store = try requireValue(tiers[.l3], "the counters of the store")
            try requireEqual(store.misses, 1, "lookups that the store could not answer")
            if let memory = tiers[.l1] {
                try requireEqual([store.hits, memory.hits, memory.misses], [1, 2, 2], "L3 hits, L1 hits, L1 misses")
            } else {
                try requireEqual(store.hits, 3, "lookups that the store answered")
            }
        },
        ContractRule("loads and failed loads are counted") { fixture in
            for number in 0..<3 {
                let key = CacheKey(stored: "key \(number)")
                for _ in 0..<2 { _ = try await fixture.cache.value(for: key, ttl: .standard) { .text("a") } }
            }
            try await requireError(.loadFailed, "a failed load") {
                _ = try await fixture.cache.value(for: .sample, ttl: .standard) { throw CacheLoadRules.LoaderFailure() }
            }
            let stats = try await fixture.cache.stats()
            try requireEqual([stats.loads, stats.loadFailures], [4, 1], "loads and failed loads")
        },
        ContractRule("a named cache's settings are kept through the cache as in the store") { fixture in
            let cache = try CacheManager(id: CacheID.make(at: fixture.now), name: "results")
            try await fixture.cache.save(cache)
            let loaded = try requireValue(try await fixture.cache.load(cache.id), "the saved cache")
            try requireEqual(loaded, try await fixture.store.load(cache.id), "the cache in the store")
            try await requireError(.conflict, "saving a stale cache") { try await fixture.cache.save(cache) }
            try await fixture.cache.delete(cache.id)
            try requireEqual(try await fixture.cache.load(cache.id), nil, "the deleted cache")
        },
    ]
}
