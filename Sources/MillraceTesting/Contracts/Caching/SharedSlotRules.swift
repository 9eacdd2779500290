internal import Foundation
internal import MillraceCaching
internal import MillraceCore

/// What the slots of a shared tier promise.
enum SharedSlotRules {
    static let all: [ContractRule<SharedTierFixture>] = leases + writes + values

    private static let leases: [ContractRule<SharedTierFixture>] = [
        ContractRule("a lease is given to one, who alone may fill the slot") { fixture in
            let epoch = SharedCursor.Epoch.random()
            let (own, another) = (SharedLease(.sample, in: epoch), SharedLease(.sample, in: epoch))
            try requireEqual(try await fixture.lease(own), .leased, "who comes first")
            try requireEqual(try await fixture.lease(own), .leased, "who asks again, because the answer was lost")
            try requireEqual(try await fixture.lease(another), .busy, "who comes second")
            try requireEqual(try await fixture.fill(another, .shared(9)), false, "a fill without the lease")
            try requireEqual(try await fixture.tier.renew(another), false, "a renewal without the lease")
            try requireEqual(try await fixture.tier.renew(own), true, "a renewal")
            try requireEqual(try await fixture.fill(own, .shared(1)), true, "a fill with the lease")
            try requireEqual(try await fixture.version(.sample, epoch), 1, "the value's version")
            try requireEqual(try await fixture.fill(own, .shared(2)), false, "a second fill")
        },
        ContractRule("a lease that is given back is free, and nobody gives back another's") { fixture in
            let epoch = SharedCursor.Epoch.random()
            let (own, another) = (SharedLease(.sample, in: epoch), SharedLease(.sample, in: epoch))
            _ = try await fixture.lease(own)
            try requireEqual(try await fixture.fill(another, nil), false, "giving back another's")
            try requireEqual(try await fixture.lease(another), .busy, "after another gave it back")
            _ = try await fixture.fill(own, nil)
            try requireEqual(try await fixture.lease(another), .leased, "after its holder gave it back")
        },
        ContractRule("a value gives way to a lease only if it is the one that is of no use") { fixture in
            let epoch = SharedCursor.Epoch.random()
            try await fixture.put(.sample, 5, epoch)
            let lease = SharedLease(.sample, in: epoch)
            for useless in [nil, 4, 6] as [Int64?] {
                let answer = try await fixture.lease(lease, replacing: useless)
                try requireEqual(
                    answer, .value(version: 5, SharedValue.shared(5).envelope), "the answer to who knows another")
            }
            try requireEqual(try await fixture.lease(lease, replacing: 5), .leased, "the answer to who knows it")
            try requireEqual(try await fixture.version(.sample, epoch), nil, "what is there then")
        },
    ]

    private static let writes: [ContractRule<SharedTierFixture>] = [
        ContractRule("a fill never comes after a write") { fixture in
            let epoch = SharedCursor.Epoch.random()
            for isDone in [false, true] {
                let (reader, writer) = (SharedLease(.sample, in: epoch), SharedLease(.sample, in: epoch))
                try await fixture.kill([.sample: 100], in: epoch)
                _ = try await fixture.lease(reader)
                try await fixture.tier.mark(writer, origin: writer.token)
                let finished = SharedValue.shared(2)
                if isDone {
                    _ = try await fixture.tier.finish(writer, with: finished, origin: writer.token)
                }
                try requireEqual(try await fixture.fill(reader, .shared(1)), false, "a late fill, written: \(isDone)")
                try requireEqual(try await fixture.version(.sample, epoch), isDone ? 2 : nil, "what is there")
                if !isDone { try await fixture.tier.abort(writer, origin: writer.token) }
            }
        },
        ContractRule("of two writers the later version stays, whoever is done first") { fixture in
            let epoch = SharedCursor.Epoch.random()
            for (first, second, expected) in [(2, 3, 3), (3, 2, nil)] as [(Int64, Int64, Int64?)] {
                let (a, b) = (SharedLease(.sample, in: epoch), SharedLease(.sample, in: epoch))
                for lease in [a, b] { try await fixture.tier.mark(lease, origin: lease.token) }
                try requireEqual(try await fixture.lease(SharedLease(.sample, in: epoch)), .busy, "a reader meanwhile")
                let isThere = try await fixture.tier.finish(a, with: .shared(first), origin: a.token)
                try requireEqual(isThere, false, "whether the first is there")
                _ = try await fixture.tier.finish(b, with: .shared(second), origin: b.token)
                try requireEqual(try await fixture.version(.sample, epoch), expected, "after \(first), then \(second)")
            }
        },
        ContractRule("a writer whose mark is lost takes away what is older, and puts nothing in") { fixture in
            let epoch = SharedCursor.Epoch.random()
            let lost = SharedLease(.sample, in: epoch)
            try await fixture.put(.sample, 4, epoch)
            _ = try await fixture.tier.finish(lost, with: .shared(5), origin: lost.token)
            try requireEqual(try await fixture.version(.sample, epoch), nil, "an older value")
            try await fixture.put(.sample, 6, epoch)
            _ = try await fixture.tier.finish(lost, with: .shared(5), origin: lost.token)
            try requireEqual(try await fixture.version(.sample, epoch), 6, "a newer value")
        },
        ContractRule("a write that failed leaves nothing, and lets no other's value in that may be older") { fixture in
            let epoch = SharedCursor.Epoch.random()
            let (failed, another) = (SharedLease(.sample, in: epoch), SharedLease(.sample, in: epoch))
            for lease in [failed, another] { try await fixture.tier.mark(lease, origin: lease.token) }
            try await fixture.tier.abort(failed, origin: failed.token)
            let isThere = try await fixture.tier.finish(another, with: .shared(7), origin: another.token)
            try requireEqual(isThere, false, "whether the other's value is there")
            try requireEqual(try await fixture.lease(another), .leased, "who reads then")
        },
        ContractRule("what is killed by a version is gone if it is older, and kept from coming") { fixture in
            let epoch = SharedCursor.Epoch.random()
            let keys = (0..<300).map { CacheKey(stored: "key \($0)") }
            for (index, key) in keys.enumerated() { try await fixture.put(key, Int64(index), epoch) }
            let leased = SharedLease(CacheKey(stored: "leased"), in: epoch)
            let marked = SharedLease(CacheKey(stored: "marked"), in: epoch)
            _ = try await fixture.lease(leased)
            try await fixture.tier.mark(marked, origin: marked.token)
            var versions = Dictionary(uniqueKeysWithValues: keys.map { ($0, Int64(150)) })
            versions[leased.key] = 150
            versions[marked.key] = 150
            try await fixture.kill(versions, in: epoch)
            let left = try await fixture.tier.values(keys, in: epoch)
            try requireEqual(Set(left.keys), Set(keys[150...]), "those that are left")
            try requireEqual(try await fixture.fill(leased, .shared(149)), false, "a fill that began before")
            let isThere = try await fixture.tier.finish(marked, with: .shared(149), origin: marked.token)
            try requireEqual(isThere, false, "a write that is older")
        },
    ]

    private static let values: [ContractRule<SharedTierFixture>] = [
        ContractRule("values come back byte for byte, many in one go, and those of other epochs not at all") {
            fixture in
            let epoch = SharedCursor.Epoch.random()
            let all = Data((0..<256).map { UInt8($0) })
            let keys = ["a", "b:c", "ü{}*?[x]\\", " ", "}:\(epoch):v:a"].map { CacheKey(stored: $0) }
            var expected: [CacheKey: Data] = [:]
            for (index, key) in keys.enumerated() {
                expected[key] = all + Data([UInt8(index)])
                let lease = SharedLease(key, in: epoch)
                _ = try await fixture.lease(lease)
                _ = try await fixture.fill(
                    lease, SharedValue(version: .max - 1, envelope: all + [UInt8(index)], remaining: .seconds(100)))
            }
            let found = try await fixture.tier.values(keys + [CacheKey(stored: "missing")], in: epoch)
            try requireEqual(found.mapValues(\.envelope), expected, "the values")
            try require(found.values.allSatisfy { $0.version == .max - 1 }, "a version was changed")
            try requireEqual(try await fixture.tier.values(keys, in: .random()), [:], "those of another epoch")
        },
        ContractRule("the values of an epoch are counted, and nothing else") { fixture in
            let epoch = SharedCursor.Epoch.random()
            for index in 0..<120 { try await fixture.put(CacheKey(stored: "key \(index)"), 1, epoch) }
            try await fixture.put(.sample, 1, .random())
            try await fixture.put(.sample, 1, epoch, in: fixture.other)
            _ = try await fixture.lease(SharedLease(CacheKey(stored: "leased"), in: epoch))
            let marked = SharedLease(CacheKey(stored: "marked"), in: epoch)
            try await fixture.tier.mark(marked, origin: marked.token)
            try requireEqual(try await fixture.tier.count(in: epoch), 120, "the count")
        },
        ContractRule("two stores on one server do not mix") { fixture in
            let epoch = SharedCursor.Epoch.random()
            try await fixture.put(.sample, 1, epoch)
            try requireEqual(try await fixture.other.values([.sample], in: epoch), [:], "the other's values")
            _ = try await fixture.tier.begin(SharedCursor(epoch: epoch, version: 3), insteadOf: nil)
            try requireEqual(try await fixture.other.journal().cursor, nil, "the other's cursor")
            _ = try await fixture.other.begin(SharedCursor(epoch: epoch, version: 8), insteadOf: nil)
            try requireEqual(try await fixture.other.purge(.everything, olderThan: 9, in: epoch), 0, "its purge")
            try requireEqual(try await fixture.version(.sample, epoch), 1, "the own value after the other's purge")
            try requireEqual(try await fixture.tier.journal().cursor?.version, 3, "the own cursor")
        },
    ]
}

extension SharedValue {
    /// A value whose envelope says its version.
    static func shared(_ version: Int64) -> SharedValue {
        SharedValue(version: version, envelope: Data("value \(version)".utf8), remaining: .seconds(100))
    }
}

/// What shared tier rules begin with.
extension SharedTierFixture {
    func lease(
        _ lease: SharedLease, replacing version: Int64? = nil
    ) async throws -> SharedSlot<SharedToken, Data>.Answer {
        try requireValue(
            try await tier.lease([SharedLease.Request(lease, replacing: version)]).first, "the answer to one request")
    }

    func fill(_ lease: SharedLease, _ value: SharedValue?) async throws -> Bool {
        try requireValue(try await tier.settle([SharedLease.Settlement(lease, value)]).first, "the answer to one fill")
    }

    func version(_ key: CacheKey, _ epoch: SharedCursor.Epoch) async throws -> Int64? {
        try await tier.values([key], in: epoch)[key]?.version
    }

    /// Writes a value as a writer does.
    func put(
        _ key: CacheKey, _ version: Int64, _ epoch: SharedCursor.Epoch, in tier: (any SharedCacheTier)? = nil
    ) async throws {
        let tier = tier ?? self.tier
        let lease = SharedLease(key, in: epoch)
        try await tier.mark(lease, origin: lease.token)
        _ = try await tier.finish(lease, with: .shared(version), origin: lease.token)
    }

    /// Tells of writes, by moving a cursor of the epoch from where it is.
    func kill(_ versions: [CacheKey: Int64], in epoch: SharedCursor.Epoch) async throws {
        let present = try await tier.journal().cursor
        let from = SharedCursor(epoch: epoch, version: (present?.version ?? 0) + 1)
        try requireEqual(try await tier.begin(from, insteadOf: present), from, "the cursor of the epoch")
        let isMoved = try await tier.tell(versions, rules: [:], from: from, upTo: from.version + 1)
        try require(isMoved, "the cursor was not moved")
    }
}
