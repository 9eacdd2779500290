internal import MillraceCore

/// The items that a loop runs, and what it has told them; decides who is to be told to end, and who is given up.
///
/// A plain state machine: time is an argument, and telling is the caller's.
struct RunningItems<Source: WorkSource> {
    /// One item while it runs.
    struct Entry {
        let item: Source.Item
        let isAlone: Bool
        /// Which claim it came from.
        let claim: Int
        /// Cancelled to tell the item to end.
        let task: Task<Void, Never>
        /// When the item has run for as long as it may; `nil` for never.
        let timesOutAt: Duration?
        let timeout: Duration?
        var interruption: Interruption?
        /// Until when it is waited for, once it was told to end.
        var patienceEndsAt: Duration?

        /// When something is to be done about the item, if it goes on.
        var nextCheck: Duration? { patienceEndsAt ?? timesOutAt }
    }

    /// An item that has ended, or was given up as if it had done what it was told.
    struct Ending {
        let lease: Lease<Source.ItemID>
        let item: Source.Item
        let performance: Performance<Source.Settlement>
        /// What it had been told before.
        let interruption: Interruption?
    }

    /// How long an item that was told to end is waited for.
    let grace: Duration
    private(set) var entries: [Lease<Source.ItemID>: Entry] = [:]
    private var endings: [Ending] = []
    private var claims = 0
    /// Told to all that is started from now on.
    private var closing: Interruption?

    init(grace: Duration) {
        self.grace = grace
    }

    var count: Int { entries.count }
    /// Whether nothing runs, and every ending was taken.
    var isIdle: Bool { entries.isEmpty && endings.isEmpty }
    /// Those whose leases matter still.
    var leases: Set<Lease<Source.ItemID>> { Set(entries.filter { $0.value.interruption == nil }.keys) }
    /// Those that run, and those that have ended and are not settled.
    var knownLeases: Set<Lease<Source.ItemID>> { Set(entries.keys).union(endings.map(\.lease)) }
    /// When the next of the items is to be told to end, or given up.
    var nextCheck: Duration? { entries.values.compactMap(\.nextCheck).min() }

    /// Notes that the store was asked for more; what is started from now on came of that.
    mutating func noteClaim() {
        claims += 1
    }

    /// Takes an item in.
    ///
    /// - Returns: the tasks to cancel: its own, when it is to end at once.
    mutating func start(
        _ item: Source.Item, lease: Lease<Source.ItemID>, timeout: Duration?, isAlone: Bool, in task: Task<Void, Never>,
        at now: Duration
    ) -> [Task<Void, Never>] {
        entries[lease] = Entry(
            item: item, isAlone: isAlone, claim: claims, task: task, timesOutAt: timeout.map { now + $0 },
            timeout: timeout)
        return closing.map { interrupt([lease], $0, at: now) } ?? []
    }

    /// Notes that an item has ended; nothing is to be done about one that was given up before.
    ///
    /// - Returns: whether it came of the last claim, so that what it may have enqueued was never asked for.
    @discardableResult
    mutating func end(_ lease: Lease<Source.ItemID>, _ performance: Performance<Source.Settlement>) -> Bool {
        guard let entry = entries.removeValue(forKey: lease) else { return false }
        endings.append(
            Ending(lease: lease, item: entry.item, performance: performance, interruption: entry.interruption))
        return entry.claim == claims
    }

    /// Hands out what has ended since the last call.
    mutating func takeEndings() -> [Ending] {
        defer { endings = [] }
        return endings
    }

    /// Notes that items are told to end; those that were told before keep their reason.
    ///
    /// - Returns: the tasks to cancel.
    mutating func interrupt(
        _ leases: some Sequence<Lease<Source.ItemID>>, _ reason: Interruption, at now: Duration
    ) -> [Task<Void, Never>] {
        leases.compactMap { lease in
            guard var entry = entries[lease], entry.interruption == nil else { return nil }
            entry.interruption = reason
            entry.patienceEndsAt = now + grace
            entries[lease] = entry
            return entry.task
        }
    }

    /// Tells everything to end that runs, and everything that will be started.
    ///
    /// - Returns: the tasks to cancel.
    mutating func close(_ reason: Interruption, at now: Duration) -> [Task<Void, Never>] {
        closing = reason
        return interrupt(Array(entries.keys), reason, at: now)
    }

    /// Tells the items to end that have run for longer than they may.
    ///
    /// - Returns: the tasks to cancel.
    mutating func interruptOverdue(at now: Duration) -> [Task<Void, Never>] {
        let overdue = entries.filter { $0.value.timesOutAt.map { $0 <= now } ?? false }
        return overdue.flatMap { lease, entry in
            entry.timeout.map { interrupt([lease], .timedOut(after: $0), at: now) } ?? []
        }
    }

    /// Takes out the items that were told to end and still run after the time of grace.
    mutating func giveUp(at now: Duration) -> [(lease: Lease<Source.ItemID>, entry: Entry)] {
        let deaf = entries.filter { $0.value.patienceEndsAt.map { $0 <= now } ?? false }
        for lease in deaf.keys { end(lease, .interrupted) }
        return deaf.map { ($0.key, $0.value) }
    }
}
