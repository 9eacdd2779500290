internal import MillraceCore

/// What `invalidatePattern` of a cache promises.
enum CacheInvalidationRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("invalidated values are gone from every tier, the others stay, and the outcome says how many") {
            fixture in
            let names = ["user:1", "user:2", "user%", "other"]
            for name in names {
                try await fixture.cache.put(CacheKey(stored: name), .text(name), ttl: .standard)
                _ = try await fixture.cache.get(CacheKey(stored: name))
            }
            let outcome = try await fixture.cache.invalidatePattern(.known("user:*"))
            try requireEqual(outcome.states[.l3], .done(changes: 2), "what the store did")
            for (tier, state) in outcome.states { try requireEqual(state, .done(changes: 2), "what tier \(tier) did") }
            for name in names {
                let key = CacheKey(stored: name)
                let expected: CacheValue? = name.hasPrefix("user:") ? nil : .text(name)
                try requireEqual(try await fixture.cache.get(key)?.value, expected, "the value of \(name)")
                try requireEqual(try await fixture.store.entry(key)?.value, expected, "\(name) in the store")
            }
        },
        ContractRule("an invalidation that comes to its end leaves no rule behind") { fixture in
            try await fixture.cache.put(.sample, .text("a"), ttl: .standard)
            for pattern in ["s*", "none*"] {
                try await fixture.cache.invalidatePattern(.known(pattern))
                try requireEqual(try await fixture.store.rules(), [], "the active rules after \(pattern)")
            }
        },
        ContractRule("what a process that died had begun to invalidate is gone, and the upkeep of another finishes it")
        {
            fixture in
            let names = ["user:1", "user:2", "user:3", "other"]
            for name in names { try await fixture.cache.put(CacheKey(stored: name), .text(name), ttl: .standard) }
            let rule = try await fixture.store.invalidate(.known("user:*"))
            _ = try await fixture.store.purge(rule, limit: 1)
            // For all that is known it is still at it.
            try requireEqual(try await fixture.cache.maintain().purged, 0, "values purged for one that is at it")
            try requireEqual(try await fixture.store.rules(), [rule], "the active rules meanwhile")
            fixture.clock.advance(by: CacheManager.upkeepLease)
            for name in names {
                let expected: CacheValue? = name == "other" ? .text(name) : nil
                try requireEqual(
                    try await fixture.cache.get(CacheKey(stored: name))?.value, expected, "\(name) meanwhile")
            }
            try requireEqual(try await fixture.cache.maintain().purged, 2, "values purged for one that died")
            try requireEqual(try await fixture.store.rules(), [], "the active rules at the end")
            for name in names {
                let expected: CacheValue? = name == "other" ? .text(name) : nil
                try requireEqual(
                    try await fixture.cache.get(CacheKey(stored: name))?.value, expected, "\(name) at the end")
            }
        },
        ContractRule("random patterns mean the same in every tier") { fixture in
            var random = SeededGenerator(seed: fixture.seed)
            let rounds = RandomPattern.rounds(30, keys: 30, using: &random)
            for (round, (keys, pattern)) in rounds.enumerated() {
                for key in keys { try await fixture.cache.put(key, .text("a"), ttl: .standard) }
                let outcome = try await fixture.cache.invalidatePattern(pattern)
                let place = "seed \(fixture.seed), round \(round)"
                for key in keys {
                    let isStored = try await fixture.store.entry(key) != nil
                    let isServed = try await fixture.cache.get(key) != nil
                    try requireEqual(isServed, isStored, "\(key) after \(pattern) in memory and store, \(place)")
                }
                if let memory = outcome.states[.l1] {
                    try requireEqual(memory, outcome.states[.l3], "what both tiers say of \(pattern), \(place)")
                }
                try await fixture.cache.invalidatePattern(.everything)
            }
        },
    ]
}
