internal import MillraceCore

/// What the authority of a cache promises about patterns: one grammar, one meaning.
enum CachePatternRules {
    private static let keys = [
        "a", "A", "ab", "a_b", "a%b", "a*b", "a?b", "a[b", "a]b", #"a\b"#, "axb", "a-b", "a^b", "abc", "b", "ba", "ä",
        "a\u{308}", "aä", "user:1", "user:12", "user:x", "users", "useq", "usz", "日本", "日本語", "\u{10FFFF}z",
    ]

    private static let examples: [(pattern: String, matched: [String])] = [
        ("a", ["a"]), ("A*", ["A"]), ("a_b", ["a_b"]), ("a%b", ["a%b"]), (#"a\*b"#, ["a*b"]), (#"a\?b"#, ["a?b"]),
        (#"a\[b"#, ["a[b"]), ("a]b", ["a]b"]), (#"a\\b"#, [#"a\b"#]), ("user:*", ["user:1", "user:12", "user:x"]),
        ("user:?", ["user:1", "user:x"]), ("user:[0-9]", ["user:1"]), ("user:[^0-9]", ["user:x"]),
        ("a[_%]b", ["a_b", "a%b"]), ("a[-x]b", ["axb", "a-b"]), ("a[x^]b", ["axb", "a^b"]),
        (#"a[\]\\]b"#, ["a]b", #"a\b"#]), ("?", ["a", "A", "b", "ä"]), ("a\u{308}", ["a\u{308}"]),
        ("日?", ["日本"]), ("日*", ["日本", "日本語"]), ("\u{10FFFF}*", ["\u{10FFFF}z"]),
        ("us[e-z]*", ["user:1", "user:12", "user:x", "users", "useq", "usz"]),
        ("**b", ["ab", "b", "a_b", "a%b", "a*b", "a?b", "a[b", "a]b", #"a\b"#, "axb", "a-b", "a^b"]),
        ("nothing*", []), ("*", keys),
    ]

    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("a pattern removes the keys that it means, by bytes and case, and no others") { fixture in
            for (text, matched) in examples {
                for key in keys { _ = try await fixture.store.put(CacheKey(key), .text(key), ttl: fixture.ttl(100)) }
                let removed = try await fixture.store.removeAll(matching: .known(text))
                var gone: Set<CacheKey> = []
                for name in keys {
                    let key = try CacheKey(name)
                    if try await fixture.store.entry(key) == nil { gone.insert(key) }
                }
                try requireEqual(gone, Set(try matched.map { try CacheKey($0) }), "the keys that \(text) removed")
                try requireEqual(removed, matched.count, "the number of values that \(text) removed")
            }
        },
        ContractRule("random patterns mean to the store what they mean to the core") { fixture in
            var random = SeededGenerator(seed: fixture.seed)
            let rounds = RandomPattern.rounds(60, keys: 40, using: &random)
            for (round, (keys, pattern)) in rounds.enumerated() {
                for key in keys { _ = try await fixture.store.put(key, .text("a"), ttl: .standard) }
                _ = try await fixture.store.removeAll(matching: pattern)
                for key in keys {
                    let isThere = try await fixture.store.entry(key) != nil
                    try requireEqual(
                        isThere, !pattern.matches(key), "\(key) after \(pattern), seed \(fixture.seed), round \(round)")
                }
            }
        },
        ContractRule("a pattern removes thousands of values and says how many had not expired") { fixture in
            try await put(2_500, fixture, prefix: "many:", ttl: fixture.ttl(100))
            _ = try await fixture.store.put(CacheKey(stored: "many:gone"), .text("a"), ttl: fixture.ttl(1))
            _ = try await fixture.store.put(CacheKey(stored: "man"), .text("a"), ttl: fixture.ttl(100))
            fixture.clock.advance(by: .seconds(1))
            let removed = try await fixture.store.removeAll(matching: .known("many:*"))
            try requireEqual(removed, 2_500, "the number of values that were removed")
            try requireEqual(try await fixture.store.count(), 1, "the number of values that are left")
        },
    ]

    private static func put(_ count: Int, _ fixture: CacheFixture, prefix: String, ttl: TTL) async throws {
        _ = try await concurrently(count) { number in
            try await fixture.store.put(CacheKey(stored: "\(prefix)\(number)"), .text("a"), ttl: ttl)
        }
    }
}
