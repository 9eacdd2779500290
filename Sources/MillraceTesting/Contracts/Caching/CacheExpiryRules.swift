internal import MillraceCore

/// How long a cache serves a value.
enum CacheExpiryRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("no tier serves a value past its time, however often it was got") { fixture in
            try await fixture.cache.put(.sample, .text("a"), ttl: fixture.ttl(10))
            for _ in 0..<9 {
                fixture.clock.advance(by: .seconds(1))
                try requireEqual(try await fixture.cache.get(.sample)?.value, .text("a"), "the value within its time")
            }
            fixture.clock.advance(by: .seconds(1))
            try requireEqual(try await fixture.cache.get(.sample), nil, "the value at its end")
        },
        ContractRule("a hit says how long the value may still be served") { fixture in
            try await fixture.cache.put(.sample, .text("a"), ttl: fixture.ttl(100))
            for elapsed in [0.0, 40, 99] {
                let left = try requireValue(try await fixture.cache.get(.sample), "the value").remaining
                try requireEqual(left, try fixture.ttl(100 - elapsed), "what remains after \(elapsed) s")
                let step: Duration = elapsed == 0 ? .seconds(40) : .seconds(59)
                fixture.clock.advance(by: step)
            }
        },
        ContractRule("moving up a tier keeps the time that remains") { fixture in
            _ = try await fixture.store.put(.sample, .text("a"), ttl: fixture.ttl(10))
            fixture.clock.advance(by: .seconds(8))
            for _ in 0..<2 {
                let hit = try requireValue(try await fixture.cache.get(.sample), "the value")
                try requireEqual(hit.remaining, try fixture.ttl(2), "what remains in tier \(hit.tier.rawValue)")
            }
            fixture.clock.advance(by: .seconds(2))
            try requireEqual(try await fixture.cache.get(.sample), nil, "the value at its end")
        },
        ContractRule("a value that memory no longer keeps is got from the store") { fixture in
            try await fixture.cache.put(.sample, .text("a"), ttl: .standard)
            fixture.clock.advance(by: TTL.memoryCap.duration)
            let hit = try requireValue(try await fixture.cache.get(.sample), "the value after memory's time")
            try require(hit.tier != .l1, "memory served a value for its whole five minutes")
            let left = try TTL(TTL.standard.duration - TTL.memoryCap.duration)
            try requireEqual(hit.remaining, left, "what remains")
        },
        ContractRule("a value is made anew once its time has passed") { fixture in
            for round in ["first", "second"] {
                let made = try await fixture.cache.value(for: .sample, ttl: fixture.ttl(10)) { .text(round) }
                try requireEqual(made, CacheLoad(value: .text(round), tier: nil), "the \(round) value")
                fixture.clock.advance(by: .seconds(10) - .microseconds(1))
                let kept = try await fixture.cache.value(for: .sample, ttl: fixture.ttl(10)) { .text("too early") }
                try requireEqual(kept.value, .text(round), "the \(round) value to the end of its time")
                fixture.clock.advance(by: .microseconds(1))
            }
        },
    ]
}
