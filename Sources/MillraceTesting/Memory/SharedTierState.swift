internal import Foundation
internal import MillraceCaching
internal import MillraceCore

/// What an ``InMemorySharedTier`` holds.
struct SharedTierState: Sendable {
    typealias Slot = SharedSlot<SharedToken, Data>
    typealias Listener = @Sendable (SharedEvent) -> Void

    struct Place: Hashable, Sendable {
        let key: CacheKey
        let epoch: SharedCursor.Epoch
    }

    /// What is lost with a server, or comes back out of a copy of it.
    struct Contents: Sendable {
        var cursor: SharedCursor?
        /// Those of the cursor's epoch.
        var rules: [CachePattern: Int64] = [:]
        var slots: [Place: (slot: Slot, end: Timestamp)] = [:]
        var sequences: [Int: Int64] = [:]
        var purger: (holder: SharedToken, until: Timestamp)?
    }

    /// What a transition does with the time of a slot.
    enum Time {
        case kept, held
        case stays(Duration)
    }

    var data = Contents()
    var connection = 1
    var roundTrips = 0
    var isReachable = true
    var isHeard = true
    var listeners: [Int: Listener] = [:]
    private var lastListener = 0
    private var events: [SharedEvent] = []

    var journal: SharedJournal {
        SharedJournal(cursor: data.cursor, rules: data.rules, connection: connection)
    }

    func content(_ key: CacheKey, _ epoch: SharedCursor.Epoch, at now: Timestamp) -> Slot.Content {
        guard let place = data.slots[Place(key: key, epoch: epoch)], place.end > now else { return .absent }
        return place.slot.content
    }

    mutating func change(
        _ key: CacheKey, _ epoch: SharedCursor.Epoch, at now: Timestamp, _ transition: (inout Slot) -> Time
    ) {
        let place = Place(key: key, epoch: epoch)
        var slot = Slot(content(key, epoch, at: now))
        let end: Timestamp
        switch transition(&slot) {
        case .kept: end = data.slots[place]?.end ?? now
        case .held: end = now + Slot.hold
        case .stays(let remaining): end = now + min(remaining, InMemorySharedTier.longestStay)
        }
        data.slots[place] = slot.content == .absent ? nil : (slot, end)
    }

    func count(in epoch: SharedCursor.Epoch, at now: Timestamp) -> Int {
        data.slots.count { place, held in
            if place.epoch == epoch, held.end > now, case .value = held.slot.content { true } else { false }
        }
    }

    mutating func rule(out pattern: CachePattern, _ version: Int64) {
        data.rules.merge([pattern: version], uniquingKeysWith: max)
    }

    mutating func publish(_ scope: CacheChanges.Change.Scope, version: Int64?, _ origin: SharedToken) {
        let channel = if case .key(let key) = scope { SharedBucket.number(of: key) } else { SharedBucket.count }
        data.sequences[channel, default: 0] += 1
        guard isHeard else { return }
        events.append(
            .message(
                SharedMessage(
                    channel: channel, sequence: data.sequences[channel] ?? 0, origin: origin, scope: scope,
                    version: version)))
    }

    mutating func add(_ listener: @escaping Listener) -> Int {
        lastListener += 1
        listeners[lastListener] = listener
        return lastListener
    }

    /// What is to be told, and to whom, once the lock is released.
    mutating func takeEvents() -> [(event: SharedEvent, listeners: [Listener])] {
        defer { events = [] }
        let all = Array(listeners.values)
        return events.map { ($0, all) }
    }
}
