internal import MillraceCore
internal import Synchronization

/// What `value` of a cache promises when its key changes while the value is made.
enum CacheRaceRules {
    private typealias Change = @Sendable (CacheFixture) async throws -> Void

    private static let removals: [(name: String, change: Change)] = [
        ("deleted", { try await $0.cache.delete(CacheKey.sample) }),
        ("invalidated", { try await $0.cache.invalidatePattern(.known("s?mple")) }),
        ("deleted by another", { _ = try await $0.store.remove(.sample) }),
        ("invalidated by another", { _ = try await $0.store.removeAll(matching: .known("sam*")) }),
    ]

    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("a value whose key is deleted or invalidated while it is made is given out and not kept") {
            fixture in
            for (name, change) in removals {
                let made = try await fixture.cache.value(for: .sample, ttl: .standard) {
                    try await change(fixture)
                    return .text("made")
                }
                try requireEqual(made, CacheLoad(value: .text("made"), tier: nil), "the value that is made")
                try requireEqual(try await fixture.store.entry(.sample), nil, "a key \(name) meanwhile, in the store")
                try requireEqual(try await fixture.cache.get(.sample), nil, "a key \(name) meanwhile")
            }
        },
        ContractRule("a value that is put while another is made stays") { fixture in
            let puts: [(String, Change)] = [
                ("here", { try await $0.cache.put(.sample, .text("put"), ttl: .standard) }),
                ("by another", { _ = try await $0.store.put(.sample, .text("put"), ttl: .standard) }),
            ]
            for (place, put) in puts {
                try await fixture.cache.delete(CacheKey.sample)
                _ = try await fixture.cache.value(for: .sample, ttl: .standard) {
                    try await put(fixture)
                    return .text("made")
                }
                try requireEqual(try await fixture.store.entry(.sample)?.value, .text("put"), "a value put \(place)")
                try requireEqual(try await fixture.cache.get(.sample)?.value, .text("put"), "a value put \(place)")
            }
        },
        ContractRule("who asks after a deletion does not get what was begun before it") { fixture in
            for (name, change) in removals.prefix(2) {
                let later = Mutex<CacheValue?>(nil)
                let first = try await fixture.cache.value(for: .sample, ttl: .standard) {
                    try await change(fixture)
                    let load = try await fixture.cache.value(for: .sample, ttl: .standard) { .text("after") }
                    later.withLock { $0 = load.value }
                    return .text("before")
                }
                try requireEqual(first.value, .text("before"), "what those get who asked before")
                try requireEqual(later.withLock { $0 }, .text("after"), "what is got after the key was \(name)")
                try requireEqual(try await fixture.cache.get(.sample)?.value, .text("after"), "what is kept")
                try await fixture.cache.delete(CacheKey.sample)
            }
        },
        ContractRule("other keys may change while a value is made") { fixture in
            _ = try await fixture.cache.value(for: .sample, ttl: .standard) {
                try await fixture.cache.delete(CacheKey(stored: "other"))
                try await fixture.cache.put(CacheKey(stored: "third"), .text("b"), ttl: .standard)
                try await fixture.cache.invalidatePattern(.known("o*"))
                return .text("made")
            }
            try requireEqual(try await fixture.store.entry(.sample)?.value, .text("made"), "the value in the store")
        },
    ]
}
