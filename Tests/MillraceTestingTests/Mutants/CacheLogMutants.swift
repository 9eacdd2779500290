import Foundation
import MillraceCore

@testable import MillraceTesting

/// Broken authorities of a cache: fills, patterns, the list of writes, statements.
enum CacheLogMutants {
    static let all: [CacheMutant] = fills + patterns + changes + statements

    private static let overriding = "a fill overrides nothing that was put, and brings back nothing that was removed"
    private static let meaning = "a pattern removes the keys that it means, by bytes and case, and no others"
    private static let random = "random patterns mean to the store what they mean to the core"
    private static let listed = "every write is listed after the version before it, in order"
    private static let invalidated = "an invalidation is one write, and removing what it means is none"

    private static let fills: [CacheMutant] = [
        CacheMutant(
            "blind fill", caughtBy: overriding, "a fill overrides nothing that was there already",
            "of many fills from one version one is written"
        ) { lab in
            lab.store.onFill = { base, key, value, ttl, _ in try await base.put(key, value, ttl: ttl) }
        },
        CacheMutant("fill that asks for the entry alone", caughtBy: overriding) { lab in
            lab.store.onFill = { base, key, value, ttl, _ in
                try await base.entry(key) == nil ? try await base.put(key, value, ttl: ttl) : nil
            }
        },
        CacheMutant("fill deaf to patterns", caughtBy: overriding) { lab in
            lab.store.onFill = { base, key, value, ttl, version in
                let writes = try await base.changes(since: version).writes ?? []
                let isTouched = writes.contains { $0.scope == .key(key) }
                return isTouched ? nil : try await base.put(key, value, ttl: ttl)
            }
        },
        CacheMutant("fill refused for any write", caughtBy: "a fill is written like a put when its key was left alone")
        {
            lab in
            lab.store.onFill = { base, key, value, ttl, version in
                guard try await base.newestVersion() == version else { return nil }
                return try await base.fill(key, value, ttl: ttl, ifUnchangedSince: version)
            }
        },
    ]

    private static let patterns: [CacheMutant] = [
        CacheMutant("LIKE for glob", caughtBy: meaning, random) { lab in
            lab.store.onInvalidate = { [memory = lab.memory] _, pattern in
                let like = pattern.text.lowercased()
                return try remove(pattern, in: memory) { Like.matches($0.text.lowercased(), like) }
            }
        },
        CacheMutant("fnmatch with ! for ^", caughtBy: meaning, random) { lab in
            lab.store.onInvalidate = { base, pattern in
                let text = pattern.text.replacingOccurrences(of: "[^", with: "[!")
                return try await base.invalidate((try? CachePattern(text)) ?? pattern)
            }
        },
        CacheMutant("two spellings of one letter taken for one", caughtBy: meaning) { lab in
            lab.store.onInvalidate = { [memory = lab.memory] _, pattern in
                let composed = try CachePattern(pattern.text.precomposedStringWithCanonicalMapping)
                return try remove(pattern, in: memory) { key in
                    composed.matches(CacheKey(stored: key.text.precomposedStringWithCanonicalMapping))
                }
            }
        },
        CacheMutant(
            "one batch removed", caughtBy: "a pattern removes thousands of values and says how many had not expired"
        ) { lab in
            lab.store.onPurge = { base, rule, limit in
                CachePurge(removed: try await base.purge(rule, limit: limit).removed, isFinished: true)
            }
        },
        CacheMutant(
            "expired values counted as removed",
            caughtBy: "a pattern removes thousands of values and says how many had not expired"
        ) { lab in
            lab.store.onPurge = { [memory = lab.memory] base, rule, limit in
                let before = try memory.step { state, _ in state.cacheEntries.count }
                let step = try await base.purge(rule, limit: limit)
                let after = try memory.step { state, _ in state.cacheEntries.count }
                return CachePurge(removed: before - after, isFinished: step.isFinished)
            }
        },
    ]

    private static let changes: [CacheMutant] = [
        CacheMutant("deletions not listed", caughtBy: listed) { lab in
            lab.store.onRemove = { [memory = lab.memory] _, key in
                try memory.step { state, _ in state.cacheEntries.removeValue(forKey: key) != nil }
            }
        },
        CacheMutant("deletions of nothing not listed", caughtBy: listed) { lab in
            lab.store.onRemove = { base, key in
                try await base.entry(key) == nil ? false : try await base.remove(key)
            }
        },
        CacheMutant("listed newest first", caughtBy: listed) { lab in
            lab.store.onChanges = { base, version in
                let changes = try await base.changes(since: version)
                return CacheChanges(
                    newest: changes.newest, writes: changes.writes?.reversed(), rules: changes.rules)
            }
        },
        CacheMutant("patterns not listed", caughtBy: listed, invalidated) { lab in
            lab.store.onInvalidate = { [memory = lab.memory] _, pattern in
                try remove(pattern, in: memory) { pattern.matches($0) }
            }
        },
        CacheMutant("every removal listed", caughtBy: invalidated) { lab in
            lab.store.onPurge = { base, rule, limit in
                _ = try await base.remove(.sample)
                return try await base.purge(rule, limit: limit)
            }
        },
        CacheMutant(
            "versions of their own in the list", caughtBy: "an entry has the version under which its write is listed"
        ) { lab in
            lab.store.onPut = { base, key, value, ttl in
                let entry = try await base.put(key, value, ttl: ttl)
                return CacheEntry(
                    key: key, value: value, createdAt: entry.createdAt, expiresAt: entry.expiresAt,
                    version: entry.version + 1_000)
            }
        },
        CacheMutant("a gap kept quiet", caughtBy: "a version that the store does not know leaves open what was written")
        {
            lab in
            lab.store.onChanges = { base, version in
                let changes = try await base.changes(since: version)
                return CacheChanges(newest: changes.newest, writes: changes.writes ?? [], rules: changes.rules)
            }
        },
    ]

    private static let statements: [CacheMutant] = [
        CacheMutant("a statement for each key", caughtBy: "entries of many keys are read in one statement") { lab in
            lab.store.onEntries = { base, keys in
                var entries: [CacheEntry] = []
                for key in Set(keys) { if let entry = try await base.entry(key) { entries.append(entry) } }
                return entries
            }
        },
        CacheMutant("expired entries among many", caughtBy: "entries of many keys are read in one statement") { lab in
            lab.store.onEntries = { [memory = lab.memory] _, keys in
                try memory.step { state, _ in Set(keys).compactMap { state.cacheEntries[$0] } }
            }
        },
        CacheMutant(
            "a question for each value",
            caughtBy: "many values are got with one question to each tier, and then from the nearest"
        ) { lab in
            lab.cache.onGetMany = { base, keys in
                var hits: [CacheKey: CacheHit] = [:]
                for key in keys { hits[key] = try await base.get(key) }
                return hits
            }
        },
        CacheMutant("every hit confirmed by the store", caughtBy: "a hit in memory asks the store nothing") { lab in
            lab.cache.onGet = { [store = lab.store] base, key in
                guard try await store.entry(key) != nil else { return nil }
                return try await base.get(key)
            }
        },
    ]

    /// Removes without a trace in the list of writes.
    private static func remove(
        _ pattern: CachePattern, in memory: InMemoryStore, where isMeant: @Sendable (CacheKey) -> Bool
    ) throws -> CacheRule {
        try memory.step { state, now in
            state.cacheEntries = state.cacheEntries.filter { !isMeant($0.key) }
            return CacheRule(version: state.lastCacheVersion, pattern: pattern, madeAt: now)
        }
    }
}

/// SQL's LIKE with `*` written for `%`: what the glob is often mistaken for.
private enum Like {
    static func matches(_ text: String, _ pattern: String) -> Bool {
        matches(Array(text.unicodeScalars)[...], Array(pattern.unicodeScalars)[...])
    }

    private static func matches(_ text: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" || first == "%" {
            return (text.startIndex...text.endIndex).contains { matches(text[$0...], pattern.dropFirst()) }
        }
        guard let character = text.first, first == "?" || first == "_" || first == character else { return false }
        return matches(text.dropFirst(), pattern.dropFirst())
    }
}
