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
        ContractRule("random patterns mean the same in every tier") { fixture in
            var random = SeededGenerator(seed: fixture.seed)
            for round in 0..<30 {
                let keys = Set((0..<30).map { _ in RandomPattern.key(using: &random) })
                for key in keys { try await fixture.cache.put(key, .text("a"), ttl: .standard) }
                let pattern = RandomPattern.pattern(using: &random)
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
