internal import MillraceCore

/// How long a cache may serve what another process has written over. The rules write past the cache, as another does.
enum CacheStalenessRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("two seconds after another's put, deletion or invalidation its result is what is served") {
            fixture in
            let writes: [(String, String?, @Sendable (any CacheStore) async throws -> Void)] = [
                ("put", "theirs", { _ = try await $0.put(.sample, .text("theirs"), ttl: .standard) }),
                ("deletion", nil, { _ = try await $0.remove(.sample) }),
                ("invalidation", nil, { _ = try await $0.removeAll(matching: .known("s*e")) }),
            ]
            for (name, expected, write) in writes {
                try await fixture.cache.put(.sample, .text("ours"), ttl: .standard)
                _ = try await fixture.cache.get(.sample)
                try await write(fixture.store)
                fixture.clock.advance(by: .seconds(2))
                let value = try await fixture.cache.get(.sample)?.value
                try requireEqual(value, expected.map { .text($0) }, "the value 2 s after another's \(name)")
            }
        },
        ContractRule("a cache that is used all the time sees another's writes within two seconds") { fixture in
            try await fixture.cache.put(.sample, .text("0"), ttl: .standard)
            var versions: [Int] = []
            for step in 1...40 {
                _ = try await fixture.store.put(.sample, .text("\(step)"), ttl: .standard)
                fixture.clock.advance(by: .milliseconds(250))
                let value = try requireValue(try await fixture.cache.get(.sample)?.value, "the value")
                versions.append(Int(String(decoding: value.bytes, as: UTF8.self)) ?? -1)
                try require(
                    versions[step - 1] >= step - 8, "step \(step) served the value of step \(versions[step - 1])")
            }
            try require(zip(versions, versions.dropFirst()).allSatisfy { $0 <= $1 }, "an older value came back")
        },
        ContractRule("another's write leaves what it does not concern in the nearest tier") { fixture in
            let other = CacheKey(stored: "other")
            for key in [.sample, other] { try await fixture.cache.put(key, .text("ours"), ttl: .standard) }
            _ = try await fixture.store.put(other, .text("theirs"), ttl: .standard)
            _ = try await fixture.store.removeAll(matching: .known("o*"))
            fixture.clock.advance(by: .seconds(2))
            let hit = try requireValue(try await fixture.cache.get(.sample), "the value that nobody touched")
            let nearest = try await fixture.cache.stats().tiers.keys.min { $0.rawValue < $1.rawValue }
            try requireEqual(hit.tier, nearest, "its tier")
        },
        ContractRule("a value elsewhere put, lost and made anew is not served in its old form") { fixture in
            try await fixture.cache.put(.sample, .text("old"), ttl: .standard)
            _ = try await fixture.cache.get(.sample)
            let holder = CacheID.make(at: fixture.now)
            // The store gives it up for want of room; nobody is told, for that changes no value.
            _ = try await fixture.store.put(CacheKey(stored: "new"), .text("x"), ttl: .standard)
            let limits = try CacheManager.StoreLimits(entries: 1, bytes: nil)
            let used = CacheAccess(key: CacheKey(stored: "new"), count: 1, lastAt: fixture.now + .seconds(1))
            try await fixture.store.record([used], counters: [:], of: "default")
            _ = try await fixture.store.clean(within: limits, limit: 10, as: holder)
            let version = try await fixture.store.newestVersion()
            _ = try await fixture.store.fill(.sample, .text("new"), ttl: .standard, ifUnchangedSince: version)
            fixture.clock.advance(by: .seconds(2))
            try requireEqual(try await fixture.cache.get(.sample)?.value, .text("new"), "the value")
        },
    ]
}
