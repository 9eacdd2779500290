internal import MillraceCore

/// What the authority of a cache promises about entries that were made from what it said before.
enum CacheFillRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("a fill is written like a put when its key was left alone") { fixture in
            let store = fixture.store
            _ = try await store.put(.sample, .text("gone"), ttl: fixture.ttl(1))
            fixture.clock.advance(by: .seconds(1))
            let version = try await store.newestVersion()
            _ = try await store.put(CacheKey(stored: "sample2"), .text("other"), ttl: .standard)
            _ = try await store.remove(CacheKey(stored: "sampl"))
            _ = try await store.removeAll(matching: .known("sample?"))
            let entry = try await store.fill(.sample, .text("made"), ttl: fixture.ttl(10), ifUnchangedSince: version)
            let filled = try requireValue(entry, "the entry that is filled in")
            try requireEqual(filled.value, .text("made"), "its value")
            try requireEqual(filled.expiresAt, fixture.now + .seconds(10), "its end")
            try require(filled.version > version, "version \(filled.version) follows \(version)")
            try requireEqual(try await store.entry(.sample), filled, "the entry that is read")
        },
        ContractRule("a fill overrides nothing that was put, and brings back nothing that was removed") { fixture in
            let store = fixture.store
            let changes: [(String, @Sendable (any CacheStore) async throws -> Void)] = [
                ("was put", { _ = try await $0.put(.sample, .text("put"), ttl: .standard) }),
                (
                    "was put and removed",
                    { store in
                        _ = try await store.put(.sample, .text("put"), ttl: .standard)
                        _ = try await store.remove(.sample)
                    }
                ),
                ("was removed, though it was not there", { _ = try await $0.remove(.sample) }),
                ("was invalidated", { _ = try await $0.removeAll(matching: .known("s[a-m]mp*")) }),
            ]
            for (change, make) in changes {
                _ = try await store.remove(.sample)
                let version = try await store.newestVersion()
                try await make(store)
                let before = try await store.entry(.sample)
                let entry = try await store.fill(.sample, .text("made"), ttl: .standard, ifUnchangedSince: version)
                try requireEqual(entry, nil, "a fill of a key that \(change)")
                try requireEqual(try await store.entry(.sample), before, "the entry of a key that \(change)")
            }
        },
        ContractRule("a fill overrides nothing that was there already") { fixture in
            let put = try await fixture.store.put(.sample, .text("put"), ttl: .standard)
            let version = try await fixture.store.newestVersion()
            let entry = try await fixture.store.fill(
                .sample, .text("made"), ttl: .standard, ifUnchangedSince: version)
            try requireEqual(entry, nil, "a fill of a key that has an entry")
            try requireEqual(try await fixture.store.entry(.sample), put, "the entry")
        },
        ContractRule("of many fills from one version one is written") { fixture in
            let version = try await fixture.store.newestVersion()
            let entries = try await concurrently(16) { number in
                try await fixture.store.fill(
                    .sample, .text("\(number)"), ttl: .standard, ifUnchangedSince: version)
            }
            let written = entries.compactMap { $0 }
            try requireEqual(written.count, 1, "the number of fills that were written")
            try requireEqual(try await fixture.store.entry(.sample), written.first, "the entry")
        },
    ]
}
