internal import Foundation
internal import MillraceCore

/// What the authority of a cache promises about entries.
enum CacheStoreRules {
    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("an entry is read as it was put, whatever its bytes") { fixture in
            let keys = ["plain", "ключ %_*?[a]\\", String(repeating: "k", count: CacheKey.maximumBytes)]
            let values = [
                CacheValue(bytes: Data()), CacheValue(bytes: Data(0...255), codec: .raw),
                try CacheValue(encoding: ["b": 1, "a": 2]),
            ]
            for (text, value) in zip(keys, values) {
                let key = try CacheKey(text)
                try requireEqual(try await fixture.store.entry(key), nil, "an entry before it is put")
                let put = try await fixture.store.put(key, value, ttl: fixture.ttl(10))
                try requireEqual(put.key, key, "the key of the put entry")
                try requireEqual(put.value, value, "the value of the put entry")
                try requireEqual(put.createdAt, fixture.now, "the beginning of the put entry")
                try requireEqual(put.expiresAt, fixture.now + .seconds(10), "the end of the put entry")
                try requireEqual(try await fixture.store.entry(key), put, "the entry that is read")
            }
        },
        ContractRule("an entry is served until its time, and reading it does not prolong it") { fixture in
            let put = try await fixture.store.put(.sample, .text("a"), ttl: fixture.ttl(10))
            for _ in 0..<3 {
                fixture.clock.advance(by: .seconds(3))
                try requireEqual(try await fixture.store.entry(.sample), put, "the entry within its time")
            }
            fixture.clock.advance(by: .seconds(1) - .microseconds(1))
            try requireEqual(try await fixture.store.entry(.sample), put, "the entry a microsecond before its end")
            fixture.clock.advance(by: .microseconds(1))
            try requireEqual(try await fixture.store.entry(.sample), nil, "the entry at its end")
        },
        ContractRule("a put replaces value and time under a greater version") { fixture in
            let first = try await fixture.store.put(.sample, .text("long"), ttl: fixture.ttl(100))
            fixture.clock.advance(by: .seconds(1))
            let second = try await fixture.store.put(.sample, .text("short"), ttl: fixture.ttl(2))
            try require(second.version > first.version, "version \(second.version) follows \(first.version)")
            try requireEqual(try await fixture.store.entry(.sample), second, "the entry after the second put")
            try requireEqual(try await fixture.store.count(), 1, "the number of entries")
            fixture.clock.advance(by: .seconds(2))
            try requireEqual(try await fixture.store.entry(.sample), nil, "the entry after the second's time")
        },
        ContractRule("versions of a key grow even over its deletion and its end") { fixture in
            var versions: [Int64] = []
            for step in 0..<6 {
                versions.append(try await fixture.store.put(.sample, .text("\(step)"), ttl: fixture.ttl(5)).version)
                if step % 3 == 1 { _ = try await fixture.store.remove(.sample) }
                if step % 3 == 2 { fixture.clock.advance(by: .seconds(6)) }
            }
            for (old, new) in zip(versions, versions.dropFirst()) {
                try require(new > old, "version \(new) follows \(old)")
            }
        },
        ContractRule("many puts of one key at once get different versions, and the greatest is kept") { fixture in
            let puts = try await concurrently(16) { number in
                try await fixture.store.put(.sample, .text("\(number)"), ttl: .standard)
            }
            try requireEqual(Set(puts.map(\.version)).count, 16, "the number of different versions")
            let last = puts.max { $0.version < $1.version }
            try requireEqual(try await fixture.store.entry(.sample), last, "the entry in the end")
        },
        ContractRule("a removed entry is gone, and it is said whether there was one") { fixture in
            let other = CacheKey(stored: "sample2")
            _ = try await fixture.store.put(.sample, .text("a"), ttl: fixture.ttl(10))
            _ = try await fixture.store.put(other, .text("b"), ttl: fixture.ttl(5))
            try requireEqual(try await fixture.store.remove(.sample), true, "removing what is there")
            try requireEqual(try await fixture.store.entry(.sample), nil, "the removed entry")
            try requireEqual(try await fixture.store.remove(.sample), false, "removing what is not there")
            try requireEqual(try await fixture.store.entry(other)?.value, .text("b"), "another entry")
            fixture.clock.advance(by: .seconds(5))
            try requireEqual(try await fixture.store.remove(other), false, "removing what has expired")
        },
        ContractRule("only entries that have not expired are counted") { fixture in
            try requireEqual(try await fixture.store.count(), 0, "the number of no entries")
            for seconds in 1...4 {
                let key = CacheKey(stored: "key \(seconds)")
                _ = try await fixture.store.put(key, .text("a"), ttl: fixture.ttl(Double(seconds)))
            }
            fixture.clock.advance(by: .seconds(2))
            try requireEqual(try await fixture.store.count(), 2, "the number of entries after 2 s")
        },
    ]
}
