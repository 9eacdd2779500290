public import Foundation
public import MillraceCaching
public import MillraceCore
internal import Synchronization

/// A shared tier in memory, for tests: the same slots and transitions as a server has, and the faults of one by hand.
public final class InMemorySharedTier: SharedCacheTier {
    private let clock: any WallClock
    private let state = Mutex(SharedTierState())

    /// Makes an empty tier, which the caches of a test share.
    public init(clock: any WallClock) {
        self.clock = clock
    }

    /// Makes one step, unless the tier is out of reach.
    private func step<Value: Sendable>(
        _ body: (inout SharedTierState, Timestamp) -> Value
    ) throws(StoreError) -> Value {
        guard !Task.isCancelled else {
            throw StoreError(.cancelled, "the task was cancelled before the shared tier did anything")
        }
        let now = clock.now()
        let (value, heard) = try state.withLock { (state) throws(StoreError) in
            guard state.isReachable else { throw StoreError(.unavailable, "the shared tier cannot be reached") }
            state.roundTrips += 1
            let value = body(&state, now)
            return (value, state.takeEvents())
        }
        for (event, listeners) in heard { for listener in listeners { listener(event) } }
        return value
    }

    /// See the port.
    public var connection: Int { state.withLock { $0.connection } }

    /// See the port.
    public func journal() async throws(StoreError) -> SharedJournal {
        try step { state, _ in state.journal }
    }

    /// See the port.
    public func begin(
        _ cursor: SharedCursor, insteadOf old: SharedCursor?
    ) async throws(StoreError) -> SharedCursor {
        try step { state, _ in
            if state.data.cursor == old || state.data.cursor == nil {
                state.data.cursor = cursor
                state.data.rules = [:]
            }
            return state.data.cursor ?? cursor
        }
    }

    /// See the port.
    public func tell(
        _ kills: [CacheKey: Int64], rules: [CachePattern: Int64], from old: SharedCursor, upTo version: Int64
    ) async throws(StoreError) -> Bool {
        try step { state, now in
            if state.data.cursor == old {
                for (pattern, version) in rules { state.rule(out: pattern, version) }
            }
            for (key, version) in kills {
                state.change(key, old.epoch, at: now) { slot in
                    slot.kill(olderThan: version)
                    return .kept
                }
            }
            guard state.data.cursor == old else { return false }
            state.data.cursor = SharedCursor(epoch: old.epoch, version: version)
            return true
        }
    }

    /// See the port.
    public func announce(
        _ pattern: CachePattern, version: Int64, origin: SharedToken, in epoch: SharedCursor.Epoch
    ) async throws(StoreError) {
        try step { state, _ in
            if state.data.cursor?.epoch == epoch { state.rule(out: pattern, version) }
            state.publish(.pattern(pattern), version: version, origin)
        }
    }

    /// See the port.
    public func values(
        _ keys: [CacheKey], in epoch: SharedCursor.Epoch
    ) async throws(StoreError) -> [CacheKey: SharedValue] {
        try step { state, now in
            var values: [CacheKey: SharedValue] = [:]
            for key in keys {
                guard case .value(let version, let envelope) = state.content(key, epoch, at: now) else { continue }
                values[key] = SharedValue(version: version, envelope: envelope)
            }
            return values
        }
    }

    /// See the port.
    public func lease(
        _ requests: [SharedLease.Request]
    ) async throws(StoreError) -> [SharedSlot<SharedToken, Data>.Answer] {
        try step { state, now in
            requests.map { request in
                var answer = SharedSlot<SharedToken, Data>.Answer.busy
                state.change(request.lease.key, request.lease.epoch, at: now) { slot in
                    let before = slot
                    answer = slot.lease(request.lease.token, replacing: request.replacing)
                    return slot == before ? .kept : .held
                }
                return answer
            }
        }
    }

    /// See the port.
    public func settle(_ fills: [SharedLease.Settlement]) async throws(StoreError) -> [Bool] {
        try step { state, now in
            fills.map { fill in
                var isThere = false
                state.change(fill.lease.key, fill.lease.epoch, at: now) { slot in
                    guard let value = fill.value else {
                        slot.release(fill.lease.token)
                        return .kept
                    }
                    isThere = slot.fill(fill.lease.token, version: value.version, value.envelope)
                    return isThere ? .stays(value.remaining) : .kept
                }
                return isThere
            }
        }
    }

    /// See the port.
    public func renew(_ lease: SharedLease) async throws(StoreError) -> Bool {
        try step { state, now in
            var isOwn = false
            state.change(lease.key, lease.epoch, at: now) { slot in
                isOwn = slot.renew(lease.token)
                return isOwn ? .held : .kept
            }
            return isOwn
        }
    }

    /// See the port.
    @discardableResult
    public func mark(_ lease: SharedLease, origin: SharedToken) async throws(StoreError) -> Bool {
        try step { state, now in
            var hadValue = false
            state.change(lease.key, lease.epoch, at: now) { slot in
                hadValue = slot.mark(lease.token)
                return .held
            }
            state.publish(.key(lease.key), version: nil, origin)
            return hadValue
        }
    }

    /// See the port.
    public func finish(
        _ lease: SharedLease, with value: SharedValue, origin: SharedToken
    ) async throws(StoreError) -> Bool {
        try step { state, now in
            var isThere = false
            state.change(lease.key, lease.epoch, at: now) { slot in
                isThere = slot.finish(lease.token, version: value.version, value.envelope)
                return isThere ? .stays(value.remaining) : .kept
            }
            state.publish(.key(lease.key), version: value.version, origin)
            return isThere
        }
    }

    /// See the port.
    public func abort(_ lease: SharedLease, origin: SharedToken) async throws(StoreError) {
        try step { state, now in
            state.change(lease.key, lease.epoch, at: now) { slot in
                slot.abort(lease.token)
                return .kept
            }
            state.publish(.key(lease.key), version: nil, origin)
        }
    }

    /// See the port.
    public func purge(
        _ pattern: CachePattern, olderThan version: Int64, in epoch: SharedCursor.Epoch,
        step: @Sendable () async -> Void
    ) async throws(StoreError) -> Int {
        await step()
        return try self.step { state, now in
            let before = state.count(in: epoch, at: now)
            for place in state.data.slots.keys where place.epoch == epoch && pattern.matches(place.key) {
                state.change(place.key, epoch, at: now) { slot in
                    slot.kill(olderThan: version)
                    return .kept
                }
            }
            if state.data.cursor?.epoch == epoch, state.data.rules[pattern] == version {
                state.data.rules[pattern] = nil
            }
            return before - state.count(in: epoch, at: now)
        }
    }

    /// See the port.
    public func mayPurge(as holder: SharedToken) async throws(StoreError) -> Bool {
        try step { state, now in
            if let purger = state.data.purger, purger.holder != holder, purger.until > now { return false }
            state.data.purger = (holder, now + CacheManager.upkeepLease)
            return true
        }
    }

    /// See the port.
    public func count(in epoch: SharedCursor.Epoch) async throws(StoreError) -> Int {
        try step { state, now in state.count(in: epoch, at: now) }
    }

    /// See the port.
    public func subscribe(_ handler: @escaping @Sendable (SharedEvent) -> Void) -> any SharedSubscription {
        let id = state.withLock { $0.add(handler) }
        handler(.gap)
        return Subscription { [weak self] in self?.state.withLock { $0.listeners[id] = nil } }
    }

    /// See the port; there are no connections.
    public func close() {}

    private struct Subscription: SharedSubscription {
        let end: @Sendable () -> Void

        func close() { end() }
    }
}

// MARK: - By hand

extension InMemorySharedTier {
    /// What the tier knows, to be brought back later.
    public struct Copy: Sendable {
        let data: SharedTierState.Contents
    }

    /// How often the tier was asked something.
    public var roundTrips: Int { state.withLock { $0.roundTrips } }

    /// Whether the tier answers.
    public var isReachable: Bool {
        get { state.withLock { $0.isReachable } }
        set { state.withLock { $0.isReachable = newValue } }
    }

    /// Whether those who listen hear anything; what is published meanwhile is lost.
    public var isHeard: Bool {
        get { state.withLock { $0.isHeard } }
        set { state.withLock { $0.isHeard = newValue } }
    }

    /// What there is under a key, in an epoch or in the present one.
    public func content(
        _ key: CacheKey, in epoch: SharedCursor.Epoch? = nil
    ) -> SharedSlot<SharedToken, Data>.Content {
        let now = clock.now()
        return state.withLock { state in
            (epoch ?? state.data.cursor?.epoch).map { state.content(key, $0, at: now) } ?? .absent
        }
    }

    /// Puts something under a key, whatever is there, in an epoch or in the present one.
    public func set(
        _ content: SharedSlot<SharedToken, Data>.Content, under key: CacheKey, in epoch: SharedCursor.Epoch? = nil
    ) {
        let now = clock.now()
        state.withLock { state in
            guard let epoch = epoch ?? state.data.cursor?.epoch else { return }
            state.change(key, epoch, at: now) { slot in
                slot.content = content
                return .stays(Self.longestStay)
            }
        }
    }

    /// How many slots there are, whatever is in them.
    public var slotCount: Int { state.withLock { $0.data.slots.count } }

    /// Loses what the tier knows about itself, as a server may to make room.
    public func loseJournal() {
        state.withLock { state in
            state.data.cursor = nil
            state.data.rules = [:]
        }
    }

    /// Loses everything, as FLUSHALL does.
    public func flush() {
        state.withLock { $0.data = SharedTierState.Contents() }
    }

    /// Copies everything, as a snapshot on a disk does.
    public func copy() -> Copy {
        state.withLock { Copy(data: $0.data) }
    }

    /// Goes back to a copy, as a server does that is started anew.
    public func restore(_ copy: Copy) {
        state.withLock { state in
            state.connection += 1
            state.data = copy.data
        }
    }
}
