import MillraceCore

@testable import MillraceTesting

/// Broken caches.
enum CacheMutants {
    static let all: [CacheMutant] = values + loads + counts

    private static let values: [CacheMutant] = [
        CacheMutant("codec lost on the way", caughtBy: "a value is got as it was put") { lab in
            lab.cache.onPut = { base, key, value, ttl in
                try await base.put(key, CacheValue(bytes: value.bytes), ttl: ttl)
            }
        },
        CacheMutant("writes stay in memory", caughtBy: "a value is got as it was put") { lab in
            lab.cache.onPut = { [store = lab.store] base, key, value, ttl in
                let outcome = try await base.put(key, value, ttl: ttl)
                _ = try await store.remove(key)
                return outcome
            }
        },
        CacheMutant(
            "memory never forgets", caughtBy: "a put replaces the value in every tier",
            "a deleted value is gone from every tier",
            "no tier serves a value past its time, however often it was got",
            "a hit says how long the value may still be served", "moving up a tier keeps the time that remains"
        ) { lab in
            let seen = Recorded<[CacheKey: CacheHit]>([:])
            lab.cache.onGet = { base, key in
                if let hit = seen.value[key] { return hit }
                let hit = try await base.get(key)
                seen.change { $0[key] = hit }
                return hit
            }
        },
        CacheMutant(
            "restarted TTL in memory", caughtBy: "moving up a tier keeps the time that remains"
        ) { lab in
            lab.cache.onGet = { base, key in
                let hit = try await base.get(key)
                if let hit, hit.tier == .l3, let ttl = try? TTL(.seconds(10)) {
                    _ = try await base.put(key, hit.value, ttl: ttl)
                }
                return hit
            }
        },
        CacheMutant(
            "nothing moves up", caughtBy: "a value that only the store has is found there, and then in the nearest tier"
        ) { lab in
            lab.cache.onGet = { [store = lab.store, clock = lab.clock] _, key in
                let entry = try await store.entry(key)
                guard let entry, let left = entry.remaining(at: clock.timeOfDay) else { return nil }
                return CacheHit(value: entry.value, tier: .l3, remaining: left)
            }
        },
        CacheMutant(
            "memory without its cap", caughtBy: "a value that memory no longer keeps is got from the store"
        ) { lab in
            lab.cache.onGet = { base, key in
                guard let hit = try await base.get(key) else { return nil }
                return CacheHit(value: hit.value, tier: .l1, remaining: hit.remaining)
            }
        },
        CacheMutant(
            "made values never expire", caughtBy: "a value is made anew once its time has passed"
        ) { lab in
            let made = Recorded<[CacheKey: CacheLoad]>([:])
            lab.cache.onValue = { base, key, ttl, load in
                if let load = made.value[key] { return CacheLoad(value: load.value, tier: .l1) }
                let value = try await base.value(for: key, ttl: ttl, load: load)
                made.change { $0[key] = value }
                return value
            }
        },
    ]

    private static let loads: [CacheMutant] = [
        CacheMutant("made values not kept", caughtBy: "a value that no tier has is made, and kept") { lab in
            lab.cache.onValue = { base, key, ttl, load in
                let made = try await base.value(for: key, ttl: ttl, load: load)
                if made.tier == nil { _ = try await base.delete(key) }
                return made
            }
        },
        CacheMutant(
            "no single flight", caughtBy: "however many ask at once, one load runs, and all get what it made",
            "a load goes on for those who still wait when one is cancelled"
        ) { lab in
            lab.cache.onValue = { base, key, ttl, load in
                if let hit = try await base.get(key) { return CacheLoad(value: hit.value, tier: hit.tier) }
                let value = try await load()
                _ = try await base.put(key, value, ttl: ttl)
                return CacheLoad(value: value, tier: nil)
            }
        },
        CacheMutant("one load at a time", caughtBy: "loads of different keys do not wait for each other") { lab in
            let isBusy = Recorded(false)
            lab.cache.onValue = { base, key, ttl, load in
                while isBusy.change({ busy in
                    defer { busy = true }
                    return busy
                }) { await Task.yield() }
                defer { isBusy.change { $0 = false } }
                return try await base.value(for: key, ttl: ttl, load: load)
            }
        },
        CacheMutant(
            "failures cached", caughtBy: "a load that fails says why, and its failure is not cached"
        ) { lab in
            lab.cache.onValue = { base, key, ttl, load in
                do {
                    return try await base.value(for: key, ttl: ttl, load: load)
                } catch let error as StoreError {
                    _ = try await base.put(key, .text("failed"), ttl: ttl)
                    throw error
                }
            }
        },
        CacheMutant(
            "reason of a failed load hidden",
            caughtBy: "a load that fails says why, and its failure is not cached"
        ) { lab in
            lab.cache.onValue = { base, key, ttl, load in
                do {
                    return try await base.value(for: key, ttl: ttl, load: load)
                } catch let error as StoreError {
                    throw StoreError(error.code, error.message)
                }
            }
        },
        CacheMutant(
            "loads never cancelled", caughtBy: "the last waiter that is cancelled cancels the load"
        ) { lab in
            lab.cache.onValue = { base, key, ttl, load in
                try await base.value(for: key, ttl: ttl) {
                    try await uncancelled { try await load() }
                }
            }
        },
        CacheMutant(
            "any waiter cancels the load", caughtBy: "a load goes on for those who still wait when one is cancelled"
        ) { lab in
            let isLeft = Recorded(false)
            lab.cache.onValue = { base, key, ttl, load in
                let outcome = await withTaskCancellationHandler {
                    await Result {
                        try await base.value(for: key, ttl: ttl) {
                            try await withThrowingTaskGroup(of: CacheValue.self) { group in
                                group.addTask { try await load() }
                                group.addTask {
                                    while !isLeft.value {
                                        try Task.checkCancellation()
                                        await Task.yield()
                                    }
                                    throw CancellationError()
                                }
                                defer { group.cancelAll() }
                                return try await group.next() ?? .text("none")
                            }
                        }
                    }
                } onCancel: {
                    isLeft.change { $0 = true }
                }
                return try outcome.get()
            }
        },
        CacheMutant(
            "loads for nobody", caughtBy: "who asks in a task that is cancelled already starts no load"
        ) { lab in
            lab.cache.onValue = { base, key, ttl, load in
                try await uncancelled {
                    try await base.value(for: key, ttl: ttl, load: load)
                }
            }
        },
    ]

    private static let counts: [CacheMutant] = [
        CacheMutant("sizes are of all puts", caughtBy: "the sizes are those of the values that have not expired") {
            lab in
            lab.cache.onStats = { [memory = lab.memory] base in
                var stats = try await base.stats()
                stats.l3Count = Int(try memory.step { state, _ in state.lastCacheVersion })
                return stats
            }
        },
        CacheMutant(
            "misses counted as hits",
            caughtBy: "each tier counts the lookups that it answered and those that it could not"
        ) { lab in
            lab.cache.onStats = { base in
                var stats = try await base.stats()
                for tier in stats.tiers.keys {
                    let misses = stats.tiers[tier]?.misses ?? 0
                    stats.tiers[tier]?.hits += misses
                    stats.tiers[tier]?.misses = 0
                }
                return stats
            }
        },
        CacheMutant("failed loads not counted", caughtBy: "loads and failed loads are counted") { lab in
            lab.cache.onStats = { base in
                var stats = try await base.stats()
                stats.loads -= stats.loadFailures
                return stats
            }
        },
        CacheMutant(
            "settings not kept", caughtBy: "a named cache's settings are kept through the cache as in the store"
        ) { lab in
            lab.cache.onSave = { _, _ in }
        },
    ]
}

extension Result where Failure == any Error {
    /// What an operation gave or threw.
    fileprivate init(_ operation: () async throws -> Success) async {
        do {
            self = .success(try await operation())
        } catch {
            self = .failure(error)
        }
    }
}
