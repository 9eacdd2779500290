internal import Foundation
internal import MillraceCaching
internal import MillraceCore
internal import MillraceSQLite
internal import MillraceTesting

/// Asks the core, memory and the store which keys a pattern means, and a matcher that is as simple as can be.
struct GlobFuzzer: Fuzzer {
    struct Input {
        var pattern: String
        var keys: [CacheKey]
        /// Whether the tiers are asked too, which takes a thousand times as long.
        var reachesTiers: Bool
    }

    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-fuzz-\(UUID())")
    private let cache: TieredCache

    init() throws {
        let store = try SQLiteStore(path: folder.appendingPathComponent("cache.db").path)
        cache = TieredCache(store: SQLiteCacheStore(store))
    }

    func finish() {
        try? FileManager.default.removeItem(at: folder)
    }

    func makeInput(using generator: inout SeededGenerator) -> Input {
        let isPattern = Int.random(in: 0..<4, using: &generator) > 0
        return Input(
            pattern: isPattern
                ? RandomPattern.pattern(using: &generator).text : RandomPattern.text(using: &generator),
            keys: (0..<Int.random(in: 1...24, using: &generator)).map { _ in RandomPattern.key(using: &generator) },
            reachesTiers: Int.random(in: 0..<200, using: &generator) == 0)
    }

    func check(_ input: Input) async throws {
        let plain = PlainGlob(input.pattern)
        guard let pattern = try? CachePattern(input.pattern) else {
            guard plain == nil else { throw ContractViolation("the core refuses what is a pattern") }
            return
        }
        guard let plain else { throw ContractViolation("the core takes what is no pattern") }
        for key in input.keys {
            let isMeant = plain.matches(key.text)
            guard pattern.matches(key) == isMeant else {
                throw ContractViolation("\(key) is \(isMeant ? "" : "not ")meant, the core says otherwise")
            }
            if isMeant { try checkRange(of: pattern, key) }
        }
        if input.reachesTiers { try await checkTiers(pattern, plain, Set(input.keys)) }
    }

    func describe(_ input: Input) -> String {
        "\(input.pattern.debugDescription) on \(input.keys.map(\.text))"
    }

    /// A store looks only between the prefix and its end.
    private func checkRange(of pattern: CachePattern, _ key: CacheKey) throws {
        guard !key.text.utf8.lexicographicallyPrecedes(pattern.literalPrefix.utf8) else {
            throw ContractViolation("\(key) is meant and lies before the prefix")
        }
        guard pattern.endOfPrefix.map({ key.text.utf8.lexicographicallyPrecedes($0.utf8) }) ?? true else {
            throw ContractViolation("\(key) is meant and lies behind the prefix")
        }
    }

    private func checkTiers(_ pattern: CachePattern, _ plain: PlainGlob, _ keys: Set<CacheKey>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for key in keys {
                group.addTask { try await cache.put(key, CacheValue(bytes: Data([1])), ttl: .standard) }
            }
            try await group.waitForAll()
        }
        try await cache.invalidatePattern(pattern)
        for key in keys {
            let isThere = try await cache.get(key) != nil
            guard isThere != plain.matches(key.text) else {
                throw ContractViolation("\(key) is \(isThere ? "there" : "gone"), which is not what the pattern says")
            }
        }
        try await cache.invalidatePattern(.everything)
        guard try await cache.stats().l3Count == 0 else { throw ContractViolation("* left something in the store") }
    }
}
