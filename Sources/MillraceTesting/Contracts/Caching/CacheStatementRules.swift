internal import MillraceCore

/// How many statements the verbs for many values take: as many for a hundred as for two.
enum CacheStatementRules {
    static let ofStore: [ContractRule<CacheFixture>] = [
        ContractRule("entries of many keys are read in one statement") { fixture in
            let keys = (0..<100).map { CacheKey(stored: "key \($0)") }
            for key in keys.prefix(60) { _ = try await fixture.store.put(key, .text(key.text), ttl: fixture.ttl(10)) }
            for key in keys.prefix(10) { _ = try await fixture.store.put(key, .text("old"), ttl: fixture.ttl(5)) }
            fixture.clock.advance(by: .seconds(5))
            let (entries, count) = try await counted(fixture) { try await fixture.store.entries(keys + keys) }
            try requireEqual(count, 1, "the number of statements for two hundred keys")
            try requireEqual(
                entries.map(\.key.text).sorted(), keys[10..<60].map(\.text).sorted(), "the keys that were read")
            try require(entries.allSatisfy { $0.value == .text($0.key.text) }, "a key was read with another's value")
        }
    ]

    static let ofCache: [ContractRule<CacheFixture>] = [
        ContractRule("many values are got with one question to each tier, and then from the nearest") { fixture in
            let keys = (0..<50).map { CacheKey(stored: "key \($0)") }
            for key in keys { _ = try await fixture.store.put(key, .text(key.text), ttl: fixture.ttl(10)) }
            for key in keys.prefix(20) { _ = try await fixture.cache.get(key) }
            let missing = CacheKey(stored: "missing")
            let (hits, count) = try await counted(fixture) { try await fixture.cache.get(many: keys + [missing]) }
            try requireEqual(count, 1, "the number of statements for 31 values that memory does not have")
            try requireEqual(hits.count, 50, "the number of values")
            for key in keys { try requireEqual(hits[key]?.value, .text(key.text), "the value of \(key)") }
            try requireEqual(hits[keys[30]]?.remaining, try fixture.ttl(10), "what remains")
            let (again, none) = try await counted(fixture) { try await fixture.cache.get(many: keys) }
            try requireEqual(none, 0, "the number of statements for values that memory has")
            try requireEqual(again.mapValues(\.value), hits.mapValues(\.value), "the values got again")
        },
        ContractRule("a hit in memory asks the store nothing") { fixture in
            try await fixture.cache.put(.sample, .text("a"), ttl: .standard)
            let (_, count) = try await counted(fixture) {
                for _ in 0..<100 { _ = try await fixture.cache.get(.sample) }
            }
            try requireEqual(count, 0, "the number of statements for a hundred hits")
        },
    ]

    private static func counted<Value>(
        _ fixture: CacheFixture, _ body: () async throws -> Value
    ) async throws -> (Value, Int) {
        let statementCount = try requireValue(fixture.statementCount, "a count of statements")
        let before = statementCount()
        let value = try await body()
        return (value, statementCount() - before)
    }
}
