internal import MillraceCore
internal import Synchronization

/// What the authority of a cache promises about invalidations: they count first, and what they mean is removed then.
enum CachePurgeRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("an invalidation counts at once, before anything is purged") { fixture in
            let store = fixture.store
            try await put(["a:1", "a:2", "b:1", "b:2"], in: fixture)
            let rule = try await store.invalidate(.known("a:*"))
            try requireEqual(
                rule, CacheRule(version: rule.version, pattern: .known("a:*"), madeAt: fixture.now), "the rule")
            try requireEqual(try await store.rules(), [rule], "the active rules")
            try requireEqual(try await store.newestVersion(), rule.version, "the newest version")
            for name in ["a:1", "a:2"] {
                try requireEqual(try await store.entry(CacheKey(stored: name)), nil, "the entry of \(name)")
            }
            try requireEqual(
                try await names(in: fixture, of: "a:1", "a:2", "b:1", "b:2"), ["b:1", "b:2"], "entries of many")
            try requireEqual(try await store.count(), 2, "the number of entries")
            try requireEqual(
                try await store.remove(CacheKey(stored: "a:1")), false, "a removal of what was invalidated")
            try requireEqual(try await store.remove(CacheKey(stored: "b:1")), true, "a removal of what was not")
        },
        ContractRule("what is put after an invalidation is there, and stays when it is purged") { fixture in
            let (store, key) = (fixture.store, CacheKey(stored: "a:1"))
            try await put(["a:1", "a:2"], in: fixture)
            let rule = try await store.invalidate(.known("a:*"))
            let new = try await store.put(key, .text("new"), ttl: .standard)
            try requireEqual(try await store.entry(key), new, "the entry before the purge")
            try requireEqual(try await store.count(), 1, "the number of entries before the purge")
            try requireEqual(try await purge(rule, in: fixture), 1, "the number of entries that are purged")
            try requireEqual(try await store.entry(key), new, "the entry after the purge")
            try await store.retire(rule)
            try requireEqual(try await store.entry(key), new, "the entry without the rule")
        },
        ContractRule("a fill that was begun before an invalidation is not kept, and one begun after it is") { fixture in
            let store = fixture.store
            _ = try await store.put(.sample, .text("old"), ttl: .standard)
            let before = try await store.newestVersion()
            let rule = try await store.invalidate(.known("s*"))
            let late = try await store.fill(.sample, .text("late"), ttl: .standard, ifUnchangedSince: before)
            try requireEqual(late, nil, "a fill that was begun before")
            try requireEqual(try await store.entry(.sample), nil, "the entry after it")
            // What it would override is there still, and is not to be seen.
            let entry = try await store.fill(.sample, .text("made"), ttl: .standard, ifUnchangedSince: rule.version)
            let made = try requireValue(entry, "a fill that was begun after")
            _ = try await purge(rule, in: fixture)
            try requireEqual(try await store.entry(.sample), made, "the entry after the purge")
        },
        ContractRule("an invalidation that is interrupted brings nothing back, and is gone on with where it stood") {
            fixture in
            let store = fixture.store
            let kept = (0..<20).map { "k:\($0 + 10)" }
            let gone = kept.map { $0 + "x" }
            try await put(kept + gone, in: fixture)
            let rule = try await store.invalidate(.known("k:*x"))
            // Too early, so that nothing comes of it.
            try await store.retire(rule)
            var removed = 0
            var steps = 0
            var isFinished = false
            while !isFinished, steps < 20 {
                let step = try await store.purge(rule, limit: 3)
                try require(step.removed <= 3, "a step removed \(step.removed) entries")
                removed += step.removed
                steps += 1
                isFinished = step.isFinished
                if !isFinished { try await store.retire(rule) }
                try requireEqual(
                    try await names(in: fixture, of: kept + gone), kept, "what is there after step \(steps)")
                try requireEqual(try await store.count(), 20, "the number of entries after step \(steps)")
                try requireEqual(try await store.rules(), [rule], "the active rules after step \(steps)")
            }
            try require(isFinished, "a purge of 40 keys, three in a step, is not finished after 20 steps")
            try requireEqual(removed, 20, "the number of entries that were removed")
            for _ in 0..<2 {
                try await store.retire(rule)
                try requireEqual(try await store.rules(), [], "the active rules at the end")
                try requireEqual(try await names(in: fixture, of: kept + gone), kept, "what is there at the end")
            }
            let after = try await store.purge(rule, limit: 3)
            try requireEqual(after, CachePurge(removed: 0, isFinished: true), "a step for a rule that is gone")
        },
        ContractRule("active rules are told to who follows the writes and to who begins") { fixture in
            let store = fixture.store
            let begin = try await store.newestVersion()
            let first = try await store.invalidate(.known("a*"))
            _ = try await store.put(.sample, .text("a"), ttl: .standard)
            fixture.clock.advance(by: .seconds(1))
            let second = try await store.invalidate(.known("b*"))
            try requireEqual(
                try await store.changes(since: begin).rules, [first, second], "rules for one who was there")
            try requireEqual(
                try await store.changes(since: second.version).untimed,
                CacheChanges(newest: second.version, writes: [], rules: [first, second]), "news for one who knows all")
            try requireEqual(
                try await store.changes(since: nil).untimed,
                CacheChanges(newest: second.version, writes: nil, rules: [first, second]), "news for one who begins")
            _ = try await purge(first, in: fixture)
            try await store.retire(first)
            for version in [nil, begin, second.version] {
                try requireEqual(try await store.changes(since: version).rules, [second], "rules when one is retired")
            }
        },
        ContractRule("an entry is judged by the rules that are newer than it") { fixture in
            let (store, key) = (fixture.store, CacheKey(stored: "a:1"))
            try await put(["a:1"], in: fixture)
            let patterns = try ["a:*", "*z", "?:1", "a:[0-9]"].map { try CachePattern.known($0) }
            for (number, pattern) in patterns.enumerated() {
                let rule = try await store.invalidate(pattern)
                let isMeant = pattern.matches(key)
                try requireEqual(
                    try await store.entry(key) == nil, isMeant, "whether \(pattern) rules out what was there")
                try requireEqual(try await store.count(), isMeant ? 0 : 1, "the number of entries after \(pattern)")
                let new = try await store.put(key, .text("\(number)"), ttl: .standard)
                try require(new.version > rule.version, "version \(new.version) follows \(rule.version)")
                try requireEqual(try await store.entry(key), new, "what was put after \(pattern)")
                try requireEqual(try await store.count(), 1, "the number of entries that were put after \(pattern)")
            }
        },
        ContractRule("a rule that stands still is taken over by one, and one that is worked at by nobody") { fixture in
            let store = fixture.store
            try await put(["a:1", "a:2", "a:3"], in: fixture)
            let rule = try await store.invalidate(.known("a:*"))
            let pause = CacheManager.upkeepLease - .seconds(1)
            for step in ["made", "purged"] {
                try requireEqual(try await store.claimRule(), nil, "a claim of a rule that was just \(step)")
                fixture.clock.advance(by: pause)
                try requireEqual(try await store.claimRule(), nil, "a claim \(pause) after the rule was \(step)")
                _ = try await store.purge(rule, limit: 1)
            }
            for _ in 0..<2 {
                fixture.clock.advance(by: CacheManager.upkeepLease)
                let claims = try await concurrently(8) { _ in try await store.claimRule() }
                try requireEqual(claims.compactMap { $0 }, [rule], "what eight get who claim at once")
            }
        },
        ContractRule("who knows of an invalidation reads nothing older, whoever writes, fills and purges meanwhile") {
            fixture in
            let keys = (0..<6).map { CacheKey(stored: "k:\($0)") }
            let patterns = try ["k:*", "k:[0-2]", "?:[3-5]"].map { try CachePattern.known($0) }
            let known = Mutex<[CacheRule]>([])
            _ = try await concurrently(12) { task in
                var random = SeededGenerator(seed: fixture.seed &+ UInt64(task))
                for round in 0..<15 {
                    let key = keys[Int.random(in: 0..<keys.count, using: &random)]
                    switch task {
                    case 0..<3: _ = try await fixture.store.put(key, .text("\(task)"), ttl: .standard)
                    case 3..<6:
                        let version = try await fixture.store.newestVersion()
                        _ = try await fixture.store.fill(key, .text("a"), ttl: .standard, ifUnchangedSince: version)
                    case 6..<8:
                        let rule = try await fixture.store.invalidate(patterns[(task + round) % patterns.count])
                        known.withLock { $0.append(rule) }
                        while !(try await fixture.store.purge(rule, limit: 2).isFinished) {}
                        try await fixture.store.retire(rule)
                    default:
                        let rules = known.withLock { $0 }
                        var found = try await fixture.store.entries(keys)
                        if let entry = try await fixture.store.entry(key) { found.append(entry) }
                        for entry in found {
                            let newer = rules.first { $0.rulesOut(entry.key, version: entry.version) }
                            try requireEqual(newer, nil, "a rule against \(entry.key), seed \(fixture.seed)")
                        }
                    }
                }
            }
            try requireEqual(try await fixture.store.rules(), [], "the active rules at the end")
        },
    ]

    private static func put(_ names: [String], in fixture: CacheFixture) async throws {
        for name in names { _ = try await fixture.store.put(CacheKey(stored: name), .text(name), ttl: .standard) }
    }

    private static func purge(_ rule: CacheRule, in fixture: CacheFixture) async throws -> Int {
        var removed = 0
        while true {
            let step = try await fixture.store.purge(rule, limit: 2)
            removed += step.removed
            if step.isFinished { return removed }
        }
    }

    private static func names(in fixture: CacheFixture, of names: String...) async throws -> [String] {
        try await Self.names(in: fixture, of: names)
    }

    private static func names(in fixture: CacheFixture, of names: [String]) async throws -> [String] {
        try await fixture.store.entries(names.map { CacheKey(stored: $0) }).map(\.key.text).sorted()
    }
}
