import Foundation
import MillraceCaching
import MillraceCore
import MillraceTesting
import Synchronization

/// A shared tier that a mutant breaks, and that of another store.
struct SharedTierLab: Sendable {
    var tier: TamperedSharedTier
    var other: any SharedCacheTier
    var lose: @Sendable (Int) -> Bool
    private let seed: UInt64

    init(seed: UInt64 = TestSeed.value) {
        self.seed = seed
        let clock = ManualClock()
        let base = InMemorySharedTier(clock: clock)
        tier = TamperedSharedTier(base)
        other = InMemorySharedTier(clock: clock)
        lose = { number in
            base.loseJournal()
            return number == 0
        }
    }

    var fixture: SharedTierFixture { SharedTierFixture(tier: tier, other: other, seed: seed, lose: lose) }
}

/// Broken shared tiers.
enum SharedTierMutants {
    typealias TierMutant = Mutant<SharedTierLab>

    static let all: [TierMutant] = leases + writes + values + journal + messages

    private static let leases: [TierMutant] = [
        TierMutant(
            "leases for all who come", caughtBy: "a lease is given to one, who alone may fill the slot",
            "a lease that is given back is free, and nobody gives back another's",
            "of two writers the later version stays, whoever is done first"
        ) { lab in
            lab.tier.onLease = { base, requests in
                try await base.lease(requests).map { $0 == .busy ? .leased : $0 }
            }
        },
        TierMutant("leases without a holder", caughtBy: "a lease is given to one, who alone may fill the slot") { lab in
            lab.tier.onSettle = { base, fills in
                for fill in fills {
                    guard let value = fill.value else { continue }
                    base.set(
                        .value(version: value.version, value.envelope), under: fill.lease.key, in: fill.lease.epoch)
                }
                return fills.map { $0.value != nil }
            }
        },
        TierMutant("anybody renews", caughtBy: "a lease is given to one, who alone may fill the slot") { lab in
            lab.tier.onRenew = { _, _ in true }
        },
        TierMutant(
            "leases are not given back", caughtBy: "a lease that is given back is free, and nobody gives back another's"
        ) { lab in
            lab.tier.onSettle = { base, fills in
                let isThere = try await base.settle(fills.filter { $0.value != nil })
                return fills.count == isThere.count ? isThere : fills.map { _ in false }
            }
        },
        TierMutant(
            "any value gives way", caughtBy: "a value gives way to a lease only if it is the one that is of no use"
        ) { lab in
            lab.tier.onLease = { base, requests in
                var answers: [TamperedSharedTier.Answer] = []
                for request in requests {
                    let present = try await base.values([request.lease.key], in: request.lease.epoch)
                    let version = present[request.lease.key]?.version
                    answers += try await base.lease([.init(request.lease, replacing: version)])
                }
                return answers
            }
        },
        TierMutant(
            "no value gives way", caughtBy: "a value gives way to a lease only if it is the one that is of no use"
        ) { lab in
            lab.tier.onLease = { base, requests in
                try await base.lease(requests.map { .init($0.lease) })
            }
        },
    ]

    private static let writes: [TierMutant] = [
        TierMutant(
            "writes are not marked", caughtBy: "a fill never comes after a write",
            "of two writers the later version stays, whoever is done first"
        ) { lab in
            lab.tier.onMark = { _, _, _ in false }
        },
        TierMutant("no floor", caughtBy: "of two writers the later version stays, whoever is done first") { lab in
            // The last to be done puts its value in, whatever was done before.
            lab.tier.onFinish = { base, lease, value, origin in
                let isThere = try await base.finish(lease, with: value, origin: origin)
                if case .absent = base.content(lease.key, in: lease.epoch) {
                    base.set(.value(version: value.version, value.envelope), under: lease.key, in: lease.epoch)
                    return true
                }
                return isThere
            }
        },
        TierMutant(
            "writers without a mark are believed",
            caughtBy: "a writer whose mark is lost takes away what is older, and puts nothing in"
        ) { lab in
            lab.tier.onFinish = { base, lease, value, origin in
                try await base.mark(lease, origin: origin)
                return try await base.finish(lease, with: value, origin: origin)
            }
        },
        TierMutant(
            "writers without a mark do nothing",
            caughtBy: "a writer whose mark is lost takes away what is older, and puts nothing in"
        ) { lab in
            lab.tier.onFinish = { base, lease, value, origin in
                guard case .mark = base.content(lease.key, in: lease.epoch) else { return false }
                return try await base.finish(lease, with: value, origin: origin)
            }
        },
        TierMutant(
            "failed writes are forgotten",
            caughtBy: "a write that failed leaves nothing, and lets no other's value in that may be older"
        ) { lab in
            lab.tier.onAbort = { base, lease, _ in
                // Only the token goes.
                guard case .mark(let floor, let tokens) = base.content(lease.key, in: lease.epoch) else { return }
                base.set(.mark(floor: floor, tokens.filter { $0 != lease.token }), under: lease.key, in: lease.epoch)
            }
        },
        TierMutant(
            "the log kills nothing",
            caughtBy: "what is killed by a version is gone if it is older, and kept from coming"
        ) { lab in
            lab.tier.onTell = { base, _, rules, cursor, version in
                try await base.tell([:], rules: rules, from: cursor, upTo: version)
            }
        },
        TierMutant(
            "the log kills values alone",
            caughtBy: "what is killed by a version is gone if it is older, and kept from coming"
        ) { lab in
            lab.tier.onTell = { base, kills, rules, cursor, version in
                let kills = kills.filter { key, _ in
                    if case .value = base.content(key, in: cursor.epoch) { true } else { false }
                }
                return try await base.tell(kills, rules: rules, from: cursor, upTo: version)
            }
        },
    ]

    private static let values: [TierMutant] = [
        TierMutant(
            "envelopes are text",
            caughtBy: "values come back byte for byte, many in one go, and those of other epochs not at all"
        ) { lab in
            lab.tier.onValues = { base, keys, epoch in
                try await base.values(keys, in: epoch).mapValues { value in
                    SharedValue(
                        version: value.version, envelope: Data(String(decoding: value.envelope, as: UTF8.self).utf8))
                }
            }
        },
        TierMutant(
            "versions are floating-point numbers",
            caughtBy: "values come back byte for byte, many in one go, and those of other epochs not at all"
        ) { lab in
            lab.tier.onValues = { base, keys, epoch in
                try await base.values(keys, in: epoch).mapValues { value in
                    SharedValue(
                        version: Int64(exactly: Double(value.version).rounded(.towardZero)) ?? .max,
                        envelope: value.envelope)
                }
            }
        },
        TierMutant("everything is counted", caughtBy: "the values of an epoch are counted, and nothing else") { lab in
            lab.tier.onCount = { base, _ in base.slotCount }
        },
        TierMutant("one place for all stores", caughtBy: "two stores on one server do not mix") { lab in
            lab.other = lab.tier
        },
    ]

    private static let journal: [TierMutant] = [
        TierMutant(
            "epochs begin whatever is there",
            caughtBy: "an epoch begins once, whoever is quicker, and only instead of what was read"
        ) { lab in
            lab.tier.onBegin = { base, cursor, _ in
                let present = try await base.journal().cursor
                return try await base.begin(cursor, insteadOf: present)
            }
        },
        TierMutant("the cursor moves from anywhere", caughtBy: "the cursor moves only from where it was read") { lab in
            lab.tier.onTell = { base, kills, rules, cursor, version in
                let present = try await base.journal().cursor ?? cursor
                return try await base.tell(kills, rules: rules, from: present, upTo: version)
            }
        },
        TierMutant("rules are told whatever others told", caughtBy: "the cursor moves only from where it was read") {
            lab in
            lab.tier.onTell = { base, kills, rules, cursor, version in
                for (pattern, version) in rules {
                    try await base.announce(pattern, version: version, origin: .random(), in: cursor.epoch)
                }
                return try await base.tell(kills, rules: [:], from: cursor, upTo: version)
            }
        },
        TierMutant(
            "rules are not kept",
            caughtBy: "rules are kept with their greatest version until they are purged, those of an epoch for itself"
        ) { lab in
            lab.tier.onTell = { base, kills, _, cursor, version in
                try await base.tell(kills, rules: [:], from: cursor, upTo: version)
            }
        },
        TierMutant(
            "rules stay for ever",
            caughtBy: "rules are kept with their greatest version until they are purged, those of an epoch for itself"
        ) { lab in
            lab.tier.onPurge = { base, pattern, version, epoch in
                let removed = try await base.purge(pattern, olderThan: version, in: epoch)
                try await base.announce(pattern, version: version, origin: .random(), in: epoch)
                return removed
            }
        },
        TierMutant(
            "rules are kept apart from the cursor",
            caughtBy: "a cursor is lost with its rules, so that it never says too much"
        ) { lab in
            let areLost = Mutex(false)
            lab.lose = { number in
                areLost.withLock { $0 = true }
                return number == 0
            }
            lab.tier.onJournal = { base in
                let journal = try await base.journal()
                let rules = areLost.withLock { $0 } ? [:] : journal.rules
                return SharedJournal(cursor: journal.cursor, rules: rules, connection: journal.connection)
            }
        },
        TierMutant(
            "a purge of whatever matches",
            caughtBy: "a purge takes away what matches and is older, however many there are"
        ) { lab in
            lab.tier.onPurge = { base, pattern, _, epoch in
                try await base.purge(pattern, olderThan: .max, in: epoch)
            }
        },
        TierMutant("a purge in silence", caughtBy: "who purges hears of each step") { lab in
            lab.tier.onPurge = { base, pattern, version, epoch in
                try await base.purge(pattern, olderThan: version, in: epoch)
            }
        },
        TierMutant("everybody purges", caughtBy: "one at a time may purge for others") { lab in
            lab.tier.onMayPurge = { _, _ in true }
        },
    ]

    private static let heard =
        "writes and invalidations are heard in order, numbered without a gap, and not those of others"

    private static let messages: [TierMutant] = [
        TierMutant("only what is done is announced", caughtBy: heard) { lab in
            lab.tier.onEvent = { event in
                if case .message(let message) = event, message.version == nil { [] } else { [event] }
            }
        },
        TierMutant("messages have no version", caughtBy: heard) { lab in
            lab.tier.onEvent = { event in
                guard case .message(let message) = event else { return [event] }
                return [
                    .message(
                        SharedMessage(
                            channel: message.channel, sequence: message.sequence, origin: message.origin,
                            scope: message.scope, version: nil))
                ]
            }
        },
        TierMutant("messages are heard in other words", caughtBy: heard) { lab in
            lab.tier.onEvent = { event in
                guard case .message(let message) = event else { return [event] }
                return [
                    .message(
                        SharedMessage(
                            channel: message.channel, sequence: 1, origin: message.origin, scope: message.scope,
                            version: message.version))
                ]
            }
        },
    ]
}
