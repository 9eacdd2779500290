internal import Foundation
internal import MillraceCore

/// What `get`, `put` and `delete` of a cache promise.
enum CacheValueRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("a value is got as it was put") { fixture in
            try requireEqual(try await fixture.cache.get(.sample), nil, "a value that was never put")
            let value = CacheValue(bytes: Data([0, 255, 10]), codec: .json)
            let outcome = try await fixture.cache.put(.sample, value, ttl: .standard)
            let hit = try requireValue(try await fixture.cache.get(.sample), "the value that was put")
            try requireEqual(hit.value, value, "the value")
            try requireEqual(try await fixture.store.entry(.sample)?.value, value, "the value in the store")
            try requireEqual(outcome.states[.l3], .done(changes: 1), "what the store did")
            for (tier, state) in outcome.states {
                try requireEqual(state, .done(changes: 1), "what tier \(tier.rawValue) did")
            }
        },
        ContractRule("a put replaces the value in every tier") { fixture in
            try await fixture.cache.put(.sample, .text("old"), ttl: .standard)
            _ = try await fixture.cache.get(.sample)
            try await fixture.cache.put(.sample, .text("new"), ttl: .standard)
            try requireEqual(try await fixture.cache.get(.sample)?.value, .text("new"), "the value")
            try requireEqual(try await fixture.store.entry(.sample)?.value, .text("new"), "the value in the store")
        },
        ContractRule("a deleted value is gone from every tier") { fixture in
            try await fixture.cache.put(.sample, .text("a"), ttl: .standard)
            _ = try await fixture.cache.get(.sample)
            let outcome = try await fixture.cache.delete(CacheKey.sample)
            try requireEqual(outcome.states[.l3], .done(changes: 1), "what the store did")
            try requireEqual(try await fixture.cache.get(.sample), nil, "the deleted value")
            try requireEqual(try await fixture.store.entry(.sample), nil, "the deleted value in the store")
            let again = try await fixture.cache.delete(CacheKey.sample)
            try requireEqual(again.states[.l3], .done(changes: 0), "what the store did the second time")
        },
        ContractRule("a value that only the store has is found there, and then in the nearest tier") { fixture in
            _ = try await fixture.store.put(.sample, .text("a"), ttl: .standard)
            let first = try requireValue(try await fixture.cache.get(.sample), "the value")
            let second = try requireValue(try await fixture.cache.get(.sample), "the value got again")
            try requireEqual([first.value, second.value], [.text("a"), .text("a")], "the values")
            try requireEqual(first.tier, .l3, "the tier that answered first")
            let tiers = try await fixture.cache.stats().tiers
            let nearest = tiers.keys.min { $0.rawValue < $1.rawValue }
            try requireEqual(second.tier, nearest, "the tier that answered then")
        },
    ]
}
