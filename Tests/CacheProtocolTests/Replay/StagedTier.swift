import Foundation
import MillraceCaching
import MillraceCore
import Synchronization

/// A shared tier whose answers about one key, and whose messages, come in the order of a trace.
final class StagedTier: SharedCacheTier {
    let base: any SharedCacheTier
    let stage: Stage
    let key: CacheKey
    /// What is done in the place of the tier's own steps when a guard is taken out.
    let weakness: Weakness?
    private let mail = Mutex(Mail())

    /// Messages that have come, and are yet to be heard.
    private struct Mail {
        var events: [SharedEvent] = []
        var handler: (@Sendable (SharedEvent) -> Void)?
        var origin: SharedToken?
        var hasBegun = false
        var received = 0
        /// Whether some were missed, so that nobody can wait for all.
        var isCut = false
    }

    init(_ base: any SharedCacheTier, stage: Stage, key: CacheKey, weakness: Weakness?) {
        self.base = base
        self.stage = stage
        self.key = key
        self.weakness = weakness
    }

    var connection: Int { weakness?.missing == .reconnect ? 0 : base.connection }

    func journal() async throws(StoreError) -> SharedJournal {
        let journal = try await stage.take(.journal) { [base] () throws(StoreError) in try await base.journal() }
        weakness?.note(journal.cursor)
        return weakness?.missing == .reconnect
            ? SharedJournal(cursor: journal.cursor, rules: journal.rules, connection: 0) : journal
    }

    func begin(_ cursor: SharedCursor, insteadOf old: SharedCursor?) async throws(StoreError) -> SharedCursor {
        let cursor = weakness?.missing == .epoch ? weakness?.sameEpoch(cursor) ?? cursor : cursor
        return try await stage.take(.begin) { [base] () throws(StoreError) in
            try await base.begin(cursor, insteadOf: old)
        }
    }

    func tell(
        _ kills: [CacheKey: Int64], rules: [CachePattern: Int64], from old: SharedCursor, upTo version: Int64
    ) async throws(StoreError) -> Bool {
        switch weakness?.missing {
        case .drain?:
            return try await stage.take(.tell) { [base] () throws(StoreError) in
                try await base.tell([:], rules: [:], from: old, upTo: version)
            }
        case .drainFirst?:
            stage.leave { [base] in _ = try? await base.tell(kills, rules: rules, from: old, upTo: version) }
            return true
        case .flight?:
            stage.leave { [weakness] in await weakness?.move(old, to: version) }
            return try await stage.take(.tell) { [base] () throws(StoreError) in
                try await base.tell(kills, rules: rules, from: old, upTo: old.version)
            }
        default:
            return try await stage.take(.tell) { [base] () throws(StoreError) in
                try await base.tell(kills, rules: rules, from: old, upTo: version)
            }
        }
    }

    func values(_ keys: [CacheKey], in epoch: SharedCursor.Epoch) async throws(StoreError) -> [CacheKey: SharedValue] {
        guard keys == [key], Actor.current != nil else { return try await base.values(keys, in: epoch) }
        return try await stage.find { [base] () throws(StoreError) in try await base.values(keys, in: epoch) }
    }

    func lease(_ requests: [SharedLease.Request]) async throws(StoreError) -> [SharedSlot<SharedToken, Data>.Answer] {
        guard requests.map(\.lease.key) == [key], Actor.current != nil else { return try await base.lease(requests) }
        // Without leases nobody is told of it.
        let answers = weakness?.isWithoutLeases == true ? [.leased] : try await base.lease(requests)
        await stage.rest()
        return answers
    }

    func settle(_ fills: [SharedLease.Settlement]) async throws(StoreError) -> [Bool] {
        guard fills.map(\.lease.key) == [key] else { return try await base.settle(fills) }
        return try await stage.take(.settle) { [base, weakness] () throws(StoreError) in
            guard let weakness, weakness.isWithoutLeases else { return try await base.settle(fills) }
            return [try await weakness.settle(fills[0], base)]
        }
    }

    func mark(_ lease: SharedLease, origin: SharedToken) async throws(StoreError) -> Bool {
        mail.withLock { $0.origin = origin }
        return try await stage.take(.mark) { [base, stage, weakness] () throws(StoreError) in
            await weakness?.willMark(lease)
            let result = try await base.mark(lease, origin: origin)
            stage.notePublished()
            return result
        }
    }

    func finish(_ lease: SharedLease, with value: SharedValue, origin: SharedToken) async throws(StoreError) -> Bool {
        try await stage.take(.finish) { [base, stage, weakness] () throws(StoreError) in
            let isThere = try await base.finish(lease, with: value, origin: origin)
            stage.notePublished()
            guard let weakness, !isThere else { return isThere }
            return try await weakness.didFinish(lease, value, base)
        }
    }

    func abort(_ lease: SharedLease, origin: SharedToken) async throws(StoreError) {
        // What takes away what may have come of a mark is on nobody's behalf, and may get lost like that.
        guard Actor.current != nil else { return }
        try await stage.take(.finish) { [base, stage] () throws(StoreError) in
            try await base.abort(lease, origin: origin)
            stage.notePublished()
        }
    }

    func announce(
        _ pattern: CachePattern, version: Int64, origin: SharedToken, in epoch: SharedCursor.Epoch
    ) async throws(StoreError) {
        mail.withLock { $0.origin = origin }
        try await stage.take(.announce) { [base, stage] () throws(StoreError) in
            try await base.announce(pattern, version: version, origin: origin, in: epoch)
            stage.notePublished()
        }
    }

    func purge(
        _ pattern: CachePattern, olderThan version: Int64, in epoch: SharedCursor.Epoch,
        step: @Sendable () async -> Void
    ) async throws(StoreError) -> Int {
        try await stage.take(.purge) { [base] () throws(StoreError) in
            try await base.purge(pattern, olderThan: version, in: epoch)
        }
    }

    // What no trace has a step for.

    func renew(_ lease: SharedLease) async throws(StoreError) -> Bool { try await base.renew(lease) }
    func mayPurge(as holder: SharedToken) async throws(StoreError) -> Bool { try await base.mayPurge(as: holder) }
    func count(in epoch: SharedCursor.Epoch) async throws(StoreError) -> Int { try await base.count(in: epoch) }
    func close() { base.close() }
}

// MARK: - Messages

extension StagedTier {
    func subscribe(_ handler: @escaping @Sendable (SharedEvent) -> Void) -> any SharedSubscription {
        mail.withLock { $0.handler = handler }
        return base.subscribe { [self] event in
            mail.withLock { mail in
                switch event {
                case .gap:
                    mail.isCut = mail.hasBegun
                    mail.hasBegun = true
                case .message: mail.received += 1
                }
                mail.events.append(event)
            }
        }
    }

    /// Lets the cache hear all that has come up to the next message of another; waits for that.
    func hearNext(isLost: Bool = false) async throws {
        guard weakness?.missing != .publish else { return }
        var isHeard = false
        try await eventually {
            while !isHeard, let event = mail.withLock({ $0.events.isEmpty ? nil : $0.events.removeFirst() }) {
                if case .message(let message) = event, message.origin != mail.withLock(\.origin) {
                    isHeard = true
                    if isLost { continue }
                }
                mail.withLock(\.handler)?(event)
            }
            return isHeard
        }
    }

    /// Lets the cache hear all that is on its way.
    func hearAll() async throws {
        try await eventually { mail.withLock { $0.hasBegun && ($0.received >= stage.published || $0.isCut) } }
        if weakness?.missing == .publish, stage.published > 0 { return }
        let (events, handler) = mail.withLock { mail in
            defer { mail.events = [] }
            return (mail.events, mail.handler)
        }
        for event in events { handler?(event) }
    }
}

extension Stage {
    /// Looks a value up. A lease is asked for in the same step when there is none, so only a value is rested upon.
    func find(
        _ body: @escaping @Sendable () async throws(StoreError) -> [CacheKey: SharedValue]
    ) async throws(StoreError) -> [CacheKey: SharedValue] {
        guard let actor = Actor.current, actor.takes(.find) else { return try await body() }
        switch await cue(for: actor, .find) {
        case .go:
            let found = try await body()
            if !found.isEmpty { await rest(actor) }
            return found
        case .fail, .late:
            await rest(actor)
            throw StoreError(.unavailable, "the trace says that this fails")
        }
    }
}
