internal import MillraceCaching
internal import MillraceCore
internal import Synchronization

/// What a shared tier promises to those who listen.
enum SharedMessageRules {
    static let all: [ContractRule<SharedTierFixture>] = [
        ContractRule("writes and invalidations are heard in order, numbered without a gap, and not those of others") {
            fixture in
            let heard = Mutex<[SharedEvent]>([])
            let subscription = fixture.tier.subscribe { event in heard.withLock { $0.append(event) } }
            defer { subscription.close() }
            try await eventually("the first sign") { heard.withLock { $0.contains(.gap) } }
            let epoch = SharedCursor.Epoch.random()
            let lease = SharedLease(.sample, in: epoch)
            try await fixture.put(.sample, 1, epoch, in: fixture.other)
            try await fixture.tier.mark(lease, origin: lease.token)
            _ = try await fixture.tier.finish(lease, with: .shared(7), origin: lease.token)
            try await fixture.tier.abort(lease, origin: lease.token)
            let pattern = try CachePattern.known("s[a-c]*")
            try await fixture.tier.announce(pattern, version: 9, origin: lease.token, in: epoch)
            try await fixture.tier.announce(pattern, version: 10, origin: lease.token, in: epoch)
            let expected: [(CacheChanges.Change.Scope, Int64?)] = [
                (.key(.sample), nil), (.key(.sample), 7), (.key(.sample), nil), (.pattern(pattern), 9),
                (.pattern(pattern), 10),
            ]
            try await eventually("all messages") { heard.withLock { $0.count > expected.count } }
            let messages = heard.withLock { events in
                events.compactMap { event in if case .message(let message) = event { message } else { nil } }
            }
            try requireEqual(messages.map(\.scope), expected.map(\.0), "what is written")
            try requireEqual(messages.map(\.version), expected.map(\.1), "their versions")
            try require(messages.allSatisfy { $0.origin == lease.token }, "an origin was changed")
            for (earlier, later) in zip(messages, messages.dropFirst()) where earlier.channel == later.channel {
                try requireEqual(later.sequence, earlier.sequence + 1, "the number behind \(earlier.sequence)")
            }
            try requireEqual(Set(messages.map(\.channel)).count, 2, "the channels of one key and of patterns")
        }
    ]

    private static func eventually(_ what: String, _ condition: () -> Bool) async throws {
        let end = ContinuousClock.now + ContractPatience.limit
        while !condition() {
            try require(.now < end, "\(what) did not come")
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
