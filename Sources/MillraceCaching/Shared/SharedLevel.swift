internal import Foundation
internal import MillraceCore
internal import Synchronization

/// The shared tier as one cache uses it: behind a breaker and a gate, so that it hastens and never misleads.
///
/// Whatever goes wrong with it, the cache goes on over the authority: nothing here throws.
final class SharedLevel: Sendable {
    /// What became of a lookup.
    enum Finding: Sendable {
        /// A value that counts.
        case hit(CacheEntry)
        /// None, and this cache is to fill the slot with what the authority has, or to give the lease back.
        case lease(SharedLease)
        /// None, and somebody else fills the slot or writes.
        case busy
        /// The tier is out of step, out of reach, or out of luck.
        case closed
    }

    /// Larger values do not come in: one would keep everybody else's commands waiting.
    static let largestValue = 16 << 20

    let tier: any SharedCacheTier
    /// Who this cache is to those who listen.
    let origin = SharedToken.random()
    private let clock: any WallClock
    private let time: SteadyTime
    private let breaker: Mutex<CircuitBreaker>
    private let gate = Mutex(SharedGate())
    private let sequences = Mutex(SequenceWatch())
    private let subscription = Mutex<(any SharedSubscription)?>(nil)
    let counters = SharedCounters()

    init(_ tier: any SharedCacheTier, options: TieredCache.Options, clock: any WallClock) {
        self.tier = tier
        self.clock = clock
        time = options.time
        breaker = Mutex(CircuitBreaker(options.sharedBreaker))
    }

    /// Whether answers count now.
    var isOpen: Bool { pass != nil }

    private var pass: SharedGate.Pass? {
        let connection = tier.connection
        return gate.withLock { $0.pass(at: time.latest(), by: connection) }
    }

    private func ask<Value: Sendable>(
        _ body: (any SharedCacheTier) async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        if case .skip = breaker.withLock({ $0.permission(at: time.latest()) }) {
            throw StoreError(.unavailable, "the shared tier failed several times and is left alone for a moment")
        }
        do throws(StoreError) {
            let value = try await body(tier)
            breaker.withLock { $0.report(.answered, at: time.latest()) }
            return value
        } catch {
            breaker.withLock { $0.report(error.code == .cancelled ? .abandoned : .failed, at: time.latest()) }
            throw error
        }
    }

    /// Does what must be done although the task that began it is cancelled: who waits for a lease or behind a mark would
    /// wait until its time is over.
    private func uncancelled(_ body: @escaping @Sendable (SharedLevel) async -> Void) async {
        // Cancellation does not reach a task of its own; it is awaited here, so it does not outlive the call either.
        await Task { await body(self) }.value
    }
}

// MARK: - Staying in step

extension SharedLevel {
    /// What the tier says about itself, to be asked before the authority is; `nil` when it does not answer.
    func journal() async -> SharedJournal? {
        gate.withLock { $0.ask() }
        do throws(StoreError) {
            return try await ask { (tier) throws(StoreError) in try await tier.journal() }
        } catch {
            return nil
        }
    }

    /// Tells the tier what the authority wrote since, and opens it; closes it when that fails. To be done before memory
    /// forgets: who looks up afterwards must not find the old value in here.
    func follow(_ journal: SharedJournal?, _ changes: CacheChanges, askedAt: Timestamp) async {
        guard let journal else { return close() }
        do throws(StoreError) {
            switch DrainPlan(journal.cursor, changes) {
            case .none(let cursor):
                open(cursor, journal, [:], askedAt)
            case .tell(let kills, let rules, let cursor):
                let isTold = try await ask { (tier) throws(StoreError) in
                    guard let old = journal.cursor else { return false }
                    return try await tier.tell(kills, rules: rules, from: old, upTo: cursor.version)
                }
                if isTold {
                    open(cursor, journal, rules, askedAt)
                } else {
                    try await openAsOthersTold(changes, askedAt)
                }
            case .begin(let new):
                let cursor = try await ask { (tier) throws(StoreError) in
                    try await tier.begin(new, insteadOf: journal.cursor)
                }
                if cursor.version >= new.version { open(cursor, journal, [:], askedAt) } else { close() }
            }
        } catch {
            close()
        }
    }

    /// Opens if those who were quicker have told the tier of all that this cache knows of.
    private func openAsOthersTold(_ changes: CacheChanges, _ askedAt: Timestamp) async throws(StoreError) {
        let journal = try await ask { (tier) throws(StoreError) in try await tier.journal() }
        guard let cursor = journal.cursor, cursor.version >= changes.newest else { return close() }
        open(cursor, journal, [:], askedAt)
    }

    private func open(
        _ cursor: SharedCursor, _ journal: SharedJournal, _ rules: [CachePattern: Int64], _ askedAt: Timestamp
    ) {
        let rules = journal.rules.merging(rules, uniquingKeysWith: max)
        gate.withLock {
            $0.open(cursor.epoch, rules: rules, connection: journal.connection, askedAt: askedAt)
        }
    }

    func close() {
        gate.withLock { $0.close() }
    }

    /// Rules out what is older than an invalidation that was heard of.
    func rule(out pattern: CachePattern, olderThan version: Int64) {
        gate.withLock { $0.rule(out: pattern, olderThan: version) }
    }

    /// Begins to listen, unless this cache does already. `onMissed` is called when messages may have been missed.
    func listen(
        onMessage: @escaping @Sendable (SharedMessage) -> Void, onMissed: @escaping @Sendable () -> Void
    ) {
        subscription.withLock { subscription in
            guard subscription == nil else { return }
            subscription = tier.subscribe { [weak self] event in
                guard let self else { return }
                switch event {
                case .message(let message):
                    if !sequences.withLock({ $0.isNext(message.sequence, on: message.channel) }) { onMissed() }
                    if message.origin != origin { onMessage(message) }
                case .gap:
                    sequences.withLock { $0.reset() }
                    onMissed()
                }
            }
        }
    }

    /// Hears no more, and lets go of the connections.
    func end() {
        subscription.withLock { subscription in
            subscription?.close()
            subscription = nil
        }
        tier.close()
    }
}

// MARK: - Reading

extension SharedLevel {
    /// Looks a value up, or gets the right to bring it.
    func find(_ key: CacheKey) async -> Finding {
        guard let pass else { return .closed }
        do throws(StoreError) {
            let found = try await ask { (tier) throws(StoreError) in try await tier.values([key], in: pass.epoch)[key] }
            if let found, let entry = usable(found, key, pass) {
                counters.count(found: 1, of: 1)
                return .hit(entry)
            }
            counters.count(found: 0, of: 1)
            return try await lease([(key, found?.version)], pass)[key] ?? .closed
        } catch {
            return .closed
        }
    }

    /// Looks many values up in one round trip, and gets the right to bring the others in a second one. Keys of which
    /// nothing is known are left out.
    func find(many keys: [CacheKey]) async -> [CacheKey: Finding] {
        guard let pass else { return [:] }
        var findings: [CacheKey: Finding] = [:]
        do throws(StoreError) {
            let found = try await ask { (tier) throws(StoreError) in try await tier.values(keys, in: pass.epoch) }
            for (key, value) in found {
                if let entry = usable(value, key, pass) { findings[key] = .hit(entry) }
            }
            counters.count(found: findings.count, of: keys.count)
            let missing = keys.filter { findings[$0] == nil }.map { ($0, found[$0]?.version) }
            guard !missing.isEmpty else { return findings }
            findings.merge(try await lease(missing, pass)) { own, _ in own }
        } catch {
            // What was found counts.
        }
        return findings
    }

    private func lease(
        _ wanted: [(key: CacheKey, useless: Int64?)], _ pass: SharedGate.Pass
    ) async throws(StoreError) -> [CacheKey: Finding] {
        let requests = wanted.map { SharedLease.Request(SharedLease($0.key, in: pass.epoch), replacing: $0.useless) }
        let answers = try await ask { (tier) throws(StoreError) in try await tier.lease(requests) }
        var findings: [CacheKey: Finding] = [:]
        for (request, answer) in zip(requests, answers) {
            let key = request.lease.key
            switch answer {
            case .leased: findings[key] = .lease(request.lease)
            case .busy: findings[key] = .busy
            case .value(let version, let envelope):
                // It came in between the two questions.
                let entry = usable(SharedValue(version: version, envelope: envelope), key, pass)
                findings[key] = entry.map { .hit($0) } ?? .busy
            }
        }
        return findings
    }

    /// What was found, if it counts now: the answer may have been on its way for long, the server or this process frozen
    /// meanwhile.
    private func usable(_ value: SharedValue, _ key: CacheKey, _ asked: SharedGate.Pass) -> CacheEntry? {
        guard let pass, time.latest() < asked.end, pass.epoch == asked.epoch, pass.connection == asked.connection,
            !pass.rulesOut(key, version: value.version)
        else { return nil }
        guard let entry = CacheEnvelope.decode(value.envelope, key: key, version: value.version) else {
            counters.countDamaged()
            return nil
        }
        return entry.remaining(at: clock.now()) == nil ? nil : entry
    }
}

// MARK: - Bringing

extension SharedLevel {
    /// Brings what the authority had for the leases among the findings, and gives back those for which it had nothing.
    func settle(_ findings: [CacheKey: Finding], with entries: [CacheEntry]) async {
        let entries = Dictionary(entries.map { ($0.key, $0) }) { first, _ in first }
        let settlements = findings.compactMap { key, finding in
            if case .lease(let lease) = finding {
                SharedLease.Settlement(lease, entries[key].flatMap(shared))
            } else {
                nil
            }
        }
        guard !settlements.isEmpty else { return }
        await uncancelled { level in
            _ = try? await level.ask { (tier) throws(StoreError) in try await tier.settle(settlements) }
        }
    }

    /// The same for one lease.
    func settle(_ lease: SharedLease?, with entry: CacheEntry?) async {
        guard let lease else { return }
        await settle([lease.key: .lease(lease)], with: entry.map { [$0] } ?? [])
    }

    /// Does something that may take long, and keeps a lease meanwhile.
    func keeping<Value: Sendable>(
        _ lease: SharedLease?, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let lease else { return try await body() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask { [self] in
                while (try? await Task.sleep(for: Self.renewal)) != nil {
                    _ = try? await ask { (tier) throws(StoreError) in try await tier.renew(lease) }
                }
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }

    /// Three tries in the time of a lease.
    private static let renewal = SharedSlot<SharedToken, Data>.hold * 3 / 10

    private func shared(_ entry: CacheEntry) -> SharedValue? {
        guard entry.value.bytes.count <= Self.largestValue, let remaining = entry.remaining(at: clock.now()) else {
            return nil
        }
        return SharedValue(
            version: entry.version, envelope: CacheEnvelope.encode(entry), remaining: remaining.duration)
    }
}

// MARK: - Writing

extension SharedLevel {
    /// A write that the tier was told to come, or why it was not.
    enum Mark: Sendable {
        /// It holds no value now; says whether it did.
        case made(SharedLease, hadValue: Bool)
        case skipped(reason: String)
    }

    private static let outOfStep = "out of step with the store, or out of reach"

    /// Says that a key is about to be written.
    func mark(_ key: CacheKey) async -> Mark {
        guard let pass else { return .skipped(reason: Self.outOfStep) }
        let lease = SharedLease(key, in: pass.epoch)
        do throws(StoreError) {
            let hadValue = try await ask { (tier) throws(StoreError) in try await tier.mark(lease, origin: origin) }
            return .made(lease, hadValue: hadValue)
        } catch {
            // It may have come nevertheless; then its time ends by itself.
            close()
            return .skipped(reason: error.message)
        }
    }

    /// Says that a value was written.
    ///
    /// What the tier could not be told closes it until the log has told it, or who wrote might find the old value.
    func finish(_ mark: Mark, with entry: CacheEntry) async -> CacheOutcome.State {
        guard case .made(let lease, _) = mark else { return skipped(mark) }
        guard let value = shared(entry) else {
            let state = await abort(mark)
            if case .skipped = state { return state }
            return .skipped(reason: "too large for the shared tier")
        }
        do throws(StoreError) {
            let isThere = try await ask { (tier) throws(StoreError) in
                try await tier.finish(lease, with: value, origin: origin)
            }
            return isThere ? .done(changes: 1) : .skipped(reason: "written by another meanwhile")
        } catch {
            close()
            return .skipped(reason: error.message)
        }
    }

    /// Says that a value was removed, or that nobody knows whether it was written.
    @discardableResult
    func abort(_ mark: Mark) async -> CacheOutcome.State {
        guard case .made(let lease, let hadValue) = mark else { return skipped(mark) }
        let state = Mutex(CacheOutcome.State.done(changes: hadValue ? 1 : 0))
        await uncancelled { level in
            do throws(StoreError) {
                try await level.ask { (tier) throws(StoreError) in try await tier.abort(lease, origin: level.origin) }
            } catch {
                level.close()
                state.withLock { $0 = .skipped(reason: error.message) }
            }
        }
        return state.withLock { $0 }
    }

    private func skipped(_ mark: Mark) -> CacheOutcome.State {
        close()
        return mark.state
    }

    /// Says that a pattern was invalidated, so that it counts everywhere at once.
    ///
    /// A tier that could not be told is closed, and is told by the log.
    func announce(_ pattern: CachePattern, version: Int64) async {
        rule(out: pattern, olderThan: version)
        guard let pass else { return close() }
        do throws(StoreError) {
            try await ask { (tier) throws(StoreError) in
                try await tier.announce(pattern, version: version, origin: origin, in: pass.epoch)
            }
        } catch {
            close()
        }
    }

    /// Takes away what an invalidation ruled out, and then the rule.
    func purge(_ pattern: CachePattern, version: Int64) async -> CacheOutcome.State {
        guard let pass else { return .skipped(reason: Self.outOfStep) }
        do throws(StoreError) {
            // Without the breaker: it takes long, and the lookups meanwhile say how the tier does.
            return .done(changes: try await tier.purge(pattern, olderThan: version, in: pass.epoch))
        } catch {
            return .skipped(reason: error.message)
        }
    }

    /// Purges what those left who died over it, one process at a time.
    func purgeLeftOvers() async {
        guard let pass, !pass.rules.isEmpty else { return }
        let mayPurge = try? await ask { (tier) throws(StoreError) in try await tier.mayPurge(as: origin) }
        guard mayPurge == true else { return }
        for (pattern, version) in pass.rules { _ = await purge(pattern, version: version) }
    }

    /// How many values there are; `nil` when the tier cannot be asked.
    func count() async -> Int? {
        guard let pass else { return nil }
        return try? await ask { (tier) throws(StoreError) in try await tier.count(in: pass.epoch) }
    }
}

extension SharedLevel.Mark {
    fileprivate var state: CacheOutcome.State {
        switch self {
        case .made: .done(changes: 0)
        case .skipped(let reason): .skipped(reason: reason)
        }
    }
}
