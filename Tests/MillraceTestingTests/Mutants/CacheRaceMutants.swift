import MillraceCore

@testable import MillraceTesting

/// Broken caches: what another process writes, what happens while a value is made, and the upkeep.
enum CacheRaceMutants {
    static let all: [CacheMutant] = staleness + invalidations + races + upkeep

    private static let others = "two seconds after another's put, deletion or invalidation its result is what is served"
    private static let busy = "a cache that is used all the time sees another's writes within two seconds"
    private static let poisoned =
        "a value whose key is deleted or invalidated while it is made is given out and not kept"

    private static let staleness: [CacheMutant] = [
        CacheMutant("memory never asks", caughtBy: others, busy, lostAndMade) { lab in
            lab.cache.onGet = remembering(for: .seconds(3_600), in: lab)
        },
        CacheMutant("memory asks every five seconds", caughtBy: others, busy) { lab in
            lab.cache.onGet = remembering(for: .seconds(5), in: lab)
        },
        CacheMutant(
            "everything forgotten at any write",
            caughtBy: "another's write leaves what it does not concern in the nearest tier"
        ) { lab in
            let seen = Recorded<Int64>(0)
            lab.cache.onGet = { [store = lab.store, clock = lab.clock] base, key in
                let newest = try await store.newestVersion()
                if newest == seen.value { return try await base.get(key) }
                seen.change { $0 = newest }
                let entry = try await store.entry(key)
                guard let entry, let left = entry.remaining(at: clock.timeOfDay) else { return nil }
                return CacheHit(value: entry.value, tier: .l3, remaining: left)
            }
        },
    ]

    private static let lostAndMade = "a value elsewhere put, lost and made anew is not served in its old form"

    private static let invalidations: [CacheMutant] = [
        CacheMutant(
            "invalidation spares memory",
            caughtBy: "invalidated values are gone from every tier, the others stay, and the outcome says how many",
            "random patterns mean the same in every tier"
        ) { lab in
            lab.cache.onInvalidate = { [store = lab.store] _, pattern in
                let removed = try await store.removeAll(matching: pattern)
                return CacheOutcome([.l1: .done(changes: removed), .l3: .done(changes: removed)])
            }
        },
        CacheMutant(
            "invalidation of all that begins alike",
            caughtBy: "invalidated values are gone from every tier, the others stay, and the outcome says how many"
        ) { lab in
            lab.cache.onInvalidate = { base, pattern in
                try await base.invalidatePattern(CachePattern(pattern.text.filter { $0 != ":" }))
            }
        },
    ]

    private static let races: [CacheMutant] = [
        CacheMutant(
            "what is made is always kept", caughtBy: poisoned, "a value that is put while another is made stays"
        ) {
            lab in
            lab.cache.onValue = { base, key, ttl, load in
                let made = try await base.value(for: key, ttl: ttl, load: load)
                if made.tier == nil { _ = try await base.put(key, made.value, ttl: ttl) }
                return made
            }
        },
        CacheMutant("made values are kept while a key is deleted elsewhere", caughtBy: poisoned) { lab in
            let removals = Recorded(0)
            lab.cache.onRemove = { base, key in
                removals.change { $0 += 1 }
                return try await base.delete(key)
            }
            lab.cache.onInvalidate = { base, pattern in
                removals.change { $0 += 1 }
                return try await base.invalidatePattern(pattern)
            }
            lab.cache.onValue = { base, key, ttl, load in
                let before = removals.value
                let made = try await base.value(for: key, ttl: ttl, load: load)
                if made.tier == nil, removals.value == before { _ = try await base.put(key, made.value, ttl: ttl) }
                return made
            }
        },
        CacheMutant(
            "the first load serves all who come",
            caughtBy: "who asks after a deletion does not get what was begun before it"
        ) { lab in
            // Those who come while the first load runs get what was there before, as if they had joined it.
            let running = Recorded<Set<CacheKey>>([])
            lab.cache.onValue = { base, key, ttl, load in
                guard running.change({ $0.insert(key).inserted }) else {
                    return CacheLoad(value: .text("before"), tier: nil)
                }
                defer { running.change { _ = $0.remove(key) } }
                return try await base.value(for: key, ttl: ttl, load: load)
            }
        },
        CacheMutant("any write spoils what is made", caughtBy: "other keys may change while a value is made") { lab in
            lab.cache.onValue = { [store = lab.store] base, key, ttl, load in
                let before = try await store.newestVersion()
                let made = try await base.value(for: key, ttl: ttl, load: load)
                if try await store.newestVersion() > before + 1 { _ = try await base.delete(key) }
                return made
            }
        },
    ]

    private static let upkeep: [CacheMutant] = [
        CacheMutant(
            "uses reported again and again",
            caughtBy: "uses reach the store at the upkeep, once, whichever tier served them"
        ) { lab in
            let last = Recorded(0)
            lab.cache.onMaintain = { base in
                var done = try await base.maintain()
                done.accesses = max(done.accesses, last.value)
                last.change { [done] in $0 = done.accesses }
                return done
            }
        },
        CacheMutant(
            "uses not reported", caughtBy: "uses reach the store at the upkeep, once, whichever tier served them"
        ) { lab in
            lab.cache.onMaintain = { _ in CacheUpkeep() }
        },
        CacheMutant(
            "the total forgets this process",
            caughtBy: "what was counted is reported once, and the total is the same before and after"
        ) { lab in
            lab.cache.onStats = { [store = lab.store] base in
                var stats = try await base.stats()
                stats.total = try await store.counters(of: "default")
                return stats
            }
        },
        CacheMutant(
            "counters reported again and again",
            caughtBy: "what was counted is reported once, and the total is the same before and after"
        ) { lab in
            lab.cache.onMaintain = { [store = lab.store] base in
                let done = try await base.maintain()
                try await store.record([], counters: try await base.stats().tiers, of: "default")
                return done
            }
        },
    ]

    /// A `get` that serves what it has seen for so long.
    private static func remembering(
        for duration: Duration, in lab: CacheLab
    ) -> @Sendable (any CacheRepository, CacheKey) async throws -> CacheHit? {
        let seen = Recorded<[CacheKey: (hit: CacheHit, at: Timestamp)]>([:])
        return { [clock = lab.clock] base, key in
            if let known = seen.value[key], clock.timeOfDay - known.at < duration { return known.hit }
            let hit = try await base.get(key)
            if let hit { seen.change { [now = clock.timeOfDay] in $0[key] = (hit, now) } }
            return hit
        }
    }
}
