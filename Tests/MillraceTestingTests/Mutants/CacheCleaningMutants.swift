import MillraceCore

@testable import MillraceTesting

/// Broken authorities of a cache: what they give up, and what they are told.
enum CacheCleaningMutants {
    static let all: [CacheMutant] = [
        CacheMutant(
            "all that expired removed at once",
            caughtBy: "expired entries are removed, so many at a time, and nothing else"
        ) { lab in
            lab.store.onClean = { base, limits, _, holder in
                try await base.clean(within: limits, limit: 1_000, as: holder)
            }
        },
        CacheMutant(
            "expired entries stay", caughtBy: "expired entries are removed, so many at a time, and nothing else",
            "the upkeep removes what has expired"
        ) { lab in
            lab.store.onClean = { _, _, _, _ in CacheUpkeep() }
            lab.cache.onMaintain = { _ in CacheUpkeep() }
        },
        CacheMutant("uses not taken note of", caughtBy: entries) { lab in
            lab.store.onRecord = { base, _, counters, name in
                try await base.record([], counters: counters, of: name)
            }
        },
        CacheMutant("an earlier use makes younger", caughtBy: entries) { lab in
            lab.store.onRecord = { [memory = lab.memory] base, accesses, counters, name in
                try await base.record(accesses, counters: counters, of: name)
                try memory.step { state, now in
                    for access in accesses { state.cacheAccesses[access.key]?.lastAt = now }
                }
            }
        },
        CacheMutant("a put is no use", caughtBy: entries) { lab in
            lab.store.onPut = { [memory = lab.memory] base, key, value, ttl in
                let before = try memory.step { state, _ in state.cacheAccesses[key] }
                let entry = try await base.put(key, value, ttl: ttl)
                try memory.step { state, _ in if let before { state.cacheAccesses[key] = before } }
                return entry
            }
        },
        CacheMutant(
            "values counted, bytes not", caughtBy: "beyond the number of bytes the least recently used go first"
        ) { lab in
            lab.store.onClean = { base, limits, limit, holder in
                try await base.clean(
                    within: CacheManager.StoreLimits(entries: limits.entries, bytes: nil), limit: limit, as: holder)
            }
        },
        CacheMutant(
            "giving up is listed as a removal",
            caughtBy: "a value that was given up is not taken for one that was removed"
        ) { lab in
            lab.store.onClean = { base, limits, limit, holder in
                _ = try await base.remove(.sample)
                return try await base.clean(within: limits, limit: limit, as: holder)
            }
        },
        CacheMutant("everybody cleans", caughtBy: "one holder at a time cleans") { lab in
            lab.store.onClean = { [memory = lab.memory] base, limits, limit, holder in
                try memory.step { state, _ in state.cacheCleaner = nil }
                return try await base.clean(within: limits, limit: limit, as: holder)
            }
        },
        CacheMutant("the right to clean is never given up", caughtBy: "one holder at a time cleans") { lab in
            lab.store.onClean = { [memory = lab.memory] base, limits, limit, holder in
                let pass = try await base.clean(within: limits, limit: limit, as: holder)
                try memory.step { state, now in state.cacheCleaner?.until = now + .seconds(86_400) }
                return pass
            }
        },
        CacheMutant(
            "counters replaced", caughtBy: "what processes count is added up under the name of the cache"
        ) { lab in
            lab.store.onRecord = { [memory = lab.memory] base, accesses, counters, name in
                try memory.step { state, _ in state.caches = state.caches.filter { $0.value.name != name } }
                try await base.record(accesses, counters: counters, of: name)
            }
        },
        CacheMutant(
            "counters of all caches in one", caughtBy: "what processes count is added up under the name of the cache"
        ) { lab in
            lab.store.onRecord = { base, accesses, counters, _ in
                try await base.record(accesses, counters: counters, of: "results")
            }
        },
        CacheMutant("counters read, then written", caughtBy: "reports from many at once are all added") { lab in
            lab.store.onRecord = { [memory = lab.memory] base, _, counters, name in
                var sum = try await base.counters(of: name)
                for (tier, counted) in counters { sum[tier, default: .init()].add(counted) }
                for _ in 0..<20 { await Task.yield() }
                try memory.step { (state, now) throws(StoreError) in
                    state.caches = state.caches.filter { $0.value.name != name }
                    try state.recordCacheCounters(sum, of: name, at: now)
                }
            }
        },
    ]

    private static let entries = "beyond the number of entries the least recently used go first"
}
