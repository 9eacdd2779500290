internal import MillraceCore

/// What the authority of a cache promises about the list of its writes.
enum CacheChangeRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("every write is listed after the version before it, in order") { fixture in
            let store = fixture.store
            let other = CacheKey(stored: "other")
            let begin = try await store.newestVersion()
            try requireEqual(
                try await store.changes(since: begin).untimed, CacheChanges(newest: begin, writes: []), "no writes")
            _ = try await store.put(.sample, .text("a"), ttl: .standard)
            _ = try await store.fill(other, .text("b"), ttl: .standard, ifUnchangedSince: begin)
            _ = try await store.remove(.sample)
            _ = try await store.remove(.sample)
            let pattern = try CachePattern.known("s*")
            _ = try await store.removeAll(matching: pattern)
            let changes = try await store.changes(since: begin)
            let writes = try requireValue(changes.writes, "the list of five writes")
            try requireEqual(
                writes.map(\.scope), [.key(.sample), .key(other), .key(.sample), .key(.sample), .pattern(pattern)],
                "what was written")
            try require(zip(writes, writes.dropFirst()).allSatisfy { $0.version < $1.version }, "versions do not grow")
            try requireEqual(writes.last?.version, changes.newest, "the version of the last write")
            try requireEqual(try await store.newestVersion(), changes.newest, "the newest version")
            let late = try await store.changes(since: writes[2].version)
            try requireEqual(late.writes, Array(writes[3...]), "what was written after the third")
        },
        ContractRule("an entry has the version under which its write is listed") { fixture in
            for number in 0..<3 {
                let entry = try await fixture.store.put(.sample, .text("\(number)"), ttl: .standard)
                let changes = try await fixture.store.changes(since: entry.version - 1)
                try requireEqual(changes.writes?.first?.version, entry.version, "the version of put \(number)")
            }
        },
        ContractRule("an invalidation is one write, and removing what it means is none") { fixture in
            _ = try await fixture.store.put(.sample, .text("a"), ttl: .standard)
            let rule = try await fixture.store.invalidate(.known("sam*"))
            while !(try await fixture.store.purge(rule, limit: 1).isFinished) {}
            try await fixture.store.retire(rule)
            let changes = try await fixture.store.changes(since: rule.version - 1)
            let write = CacheChanges.Change(version: rule.version, scope: .pattern(rule.pattern))
            try requireEqual(changes.untimed, CacheChanges(newest: rule.version, writes: [write]), "what was written")
        },
        ContractRule("a version that the store does not know leaves open what was written") { fixture in
            _ = try await fixture.store.put(.sample, .text("a"), ttl: .standard)
            let newest = try await fixture.store.newestVersion()
            for version in [newest + 1, -1] {
                let changes = try await fixture.store.changes(since: version)
                try requireEqual(
                    changes.untimed, CacheChanges(newest: newest, writes: nil), "the writes since \(version)")
            }
            let entry = try await fixture.store.fill(
                CacheKey(stored: "new"), .text("a"), ttl: .standard, ifUnchangedSince: newest + 1)
            try requireEqual(entry, nil, "a fill from a version that is not known")
        },
    ]
}
