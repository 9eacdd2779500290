internal import MillraceCaching
internal import MillraceCore
internal import Synchronization

/// What a shared tier promises about what it has heard.
enum SharedJournalRules {
    static let all: [ContractRule<SharedTierFixture>] = [
        ContractRule("an epoch begins once, whoever is quicker, and only instead of what was read") { fixture in
            try requireEqual(try await fixture.tier.journal().cursor, nil, "the cursor of a tier that knows nothing")
            let first = SharedCursor(epoch: .random(), version: 3)
            let second = SharedCursor(epoch: .random(), version: 4)
            try requireEqual(try await fixture.tier.begin(first, insteadOf: nil), first, "the first")
            try requireEqual(try await fixture.tier.begin(second, insteadOf: nil), first, "who comes too late")
            try requireEqual(try await fixture.tier.journal().cursor, first, "the cursor")
            try requireEqual(try await fixture.tier.begin(second, insteadOf: first), second, "who has read it")
        },
        ContractRule("the cursor moves only from where it was read") { fixture in
            let epoch = SharedCursor.Epoch.random()
            let cursor = SharedCursor(epoch: epoch, version: 3)
            let rules = [try CachePattern.known("a*"): Int64(4)]
            _ = try await fixture.tier.begin(cursor, insteadOf: nil)
            for other in [SharedCursor(epoch: epoch, version: 2), SharedCursor(epoch: .random(), version: 3)] {
                let isMoved = try await fixture.tier.tell([:], rules: rules, from: other, upTo: 9)
                try requireEqual(isMoved, false, "moving it from elsewhere")
            }
            try requireEqual(
                try await fixture.tier.tell([:], rules: [:], from: cursor, upTo: 9), true, "moving it from there")
            try requireEqual(try await fixture.tier.journal().cursor?.version, 9, "the cursor")
            try requireEqual(
                try await fixture.tier.tell([:], rules: rules, from: cursor, upTo: 7), false,
                "moving it again, and back")
            try requireEqual(
                try await fixture.tier.journal().rules, [:], "the rules, which others had told of and purged")
        },
        ContractRule("rules are kept with their greatest version until they are purged, those of an epoch for itself") {
            fixture in
            let cursor = SharedCursor(epoch: .random(), version: 3)
            _ = try await fixture.tier.begin(cursor, insteadOf: nil)
            let (a, b) = (try CachePattern.known("a*"), try CachePattern.known("[^b] ?\\*"))
            _ = try await fixture.tier.tell([:], rules: [a: 5, b: 6], from: cursor, upTo: 6)
            let origin = SharedToken.random()
            try await fixture.tier.announce(a, version: 4, origin: origin, in: cursor.epoch)
            try requireEqual(try await fixture.tier.journal().rules, [a: 5, b: 6], "the rules")
            try await fixture.tier.announce(a, version: 8, origin: origin, in: cursor.epoch)
            _ = try await fixture.tier.purge(a, olderThan: 5, in: cursor.epoch)
            try requireEqual(try await fixture.tier.journal().rules, [a: 8, b: 6], "after a purge by an older one")
            _ = try await fixture.tier.purge(a, olderThan: 8, in: cursor.epoch)
            try requireEqual(try await fixture.tier.journal().rules, [b: 6], "after the purge")
            let next = SharedCursor(epoch: .random(), version: 9)
            _ = try await fixture.tier.begin(next, insteadOf: try await fixture.tier.journal().cursor)
            try requireEqual(try await fixture.tier.journal().rules, [:], "the rules of another epoch")
            try await fixture.tier.announce(a, version: 10, origin: origin, in: cursor.epoch)
            _ = try await fixture.tier.tell([:], rules: [b: 10], from: cursor, upTo: 10)
            try requireEqual(try await fixture.tier.journal().rules, [:], "what was said of an epoch that is over")
            try await fixture.tier.announce(a, version: 11, origin: origin, in: next.epoch)
            _ = try await fixture.tier.purge(a, olderThan: 11, in: cursor.epoch)
            try requireEqual(try await fixture.tier.journal().rules, [a: 11], "after a purge of an epoch that is over")
        },
        ContractRule("a cursor is lost with its rules, so that it never says too much") { fixture in
            let pattern = try CachePattern.known("a*")
            var lost = 0
            // More names than anybody needs for this.
            while lost < 16 {
                let cursor = SharedCursor(epoch: .random(), version: 3)
                _ = try await fixture.tier.begin(cursor, insteadOf: try await fixture.tier.journal().cursor)
                _ = try await fixture.tier.tell([:], rules: [pattern: 5], from: cursor, upTo: 6)
                guard try await fixture.lose(lost) else { break }
                let journal = try await fixture.tier.journal()
                if let left = journal.cursor {
                    try requireEqual(journal.rules, [pattern: 5], "the rules of the cursor \(left) that was kept")
                }
                lost += 1
            }
            try require(lost > 0, "there was nothing to lose")
        },
        ContractRule("a purge takes away what matches and is older, however many there are") { fixture in
            let epoch = SharedCursor.Epoch.random()
            let keys = (0..<300).map { CacheKey(stored: "\($0 % 2 == 0 ? "even" : "odd"):\($0)") }
            for (index, key) in keys.enumerated() { try await fixture.put(key, Int64(index), epoch) }
            let leased = SharedLease(CacheKey(stored: "even:leased"), in: epoch)
            _ = try await fixture.lease(leased)
            let removed = try await fixture.tier.purge(.known("e[t-v]en:*"), olderThan: 200, in: epoch)
            try requireEqual(removed, 100, "how many it says")
            let left = try await fixture.tier.values(keys, in: epoch)
            let expected = keys.enumerated().filter { $0.offset % 2 == 1 || $0.offset >= 200 }.map(\.element)
            try requireEqual(Set(left.keys), Set(expected), "those that are left")
            try requireEqual(try await fixture.fill(leased, .shared(1)), false, "a fill that began before")
        },
        ContractRule("who purges hears of each step") { fixture in
            let epoch = SharedCursor.Epoch.random()
            for index in 0..<300 as Range<Int64> {
                try await fixture.put(CacheKey(stored: "key:\(index)"), index, epoch)
            }
            let steps = Mutex(0)
            _ = try await fixture.tier.purge(.everything, olderThan: .max, in: epoch) { steps.withLock { $0 += 1 } }
            try require(steps.withLock { $0 } > 0, "it heard of none")
        },
        ContractRule("one at a time may purge for others") { fixture in
            let (first, second) = (SharedToken.random(), SharedToken.random())
            try requireEqual(try await fixture.tier.mayPurge(as: first), true, "the first")
            try requireEqual(try await fixture.tier.mayPurge(as: second), false, "the second")
            try requireEqual(try await fixture.tier.mayPurge(as: first), true, "the first again")
            try requireEqual(try await fixture.other.mayPurge(as: second), true, "of another store")
        },
    ]
}
