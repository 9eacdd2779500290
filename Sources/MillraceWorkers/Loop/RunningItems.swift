internal import MillraceCore

/// The items that a loop runs, and what it has told them; decides who is to be told to end, and who is given up.
///
/// A plain state machine: time is an argument, and telling is the caller's.
struct RunningItems<Source: WorkSource> {
    /// One item while it runs.
    struct Entry {
        let item: Source.Item
        let isAlone: Bool
        /// Raised to tell the item to end.
        let signal: StopSignal
        let timeout: Duration?
        let startedAt: Duration
        var interruption: Interruption?
        var patienceEndsAt: Duration?

        /// When something is to be done about the item, if it goes on.
        var nextCheck: Duration? {
            patienceEndsAt ?? timeout.map { startedAt + $0 }
        }
    }

    /// How long an item that was told to end is waited for.
    let grace: Duration
    private(set) var entries: [Lease<Source.ItemID>: Entry] = [:]

    init(grace: Duration) {
        self.grace = grace
    }

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }
    /// Those whose leases matter still.
    var leases: Set<Lease<Source.ItemID>> { Set(entries.filter { $0.value.interruption == nil }.keys) }
    /// When ``overdue(at:)`` will next have something to say.
    var nextCheck: Duration? { entries.values.compactMap(\.nextCheck).min() }

    mutating func start(
        _ item: Source.Item, lease: Lease<Source.ItemID>, timeout: Duration?, isAlone: Bool, at now: Duration
    ) -> StopSignal {
        let signal = StopSignal()
        entries[lease] = Entry(item: item, isAlone: isAlone, signal: signal, timeout: timeout, startedAt: now)
        return signal
    }

    /// Takes out an item that has ended; `nil` when it was given up before.
    mutating func end(_ lease: Lease<Source.ItemID>) -> Entry? {
        entries.removeValue(forKey: lease)
    }

    /// Notes that items are told to end; those that were told before keep their reason.
    ///
    /// - Returns: the signals to raise.
    mutating func interrupt(
        _ leases: some Sequence<Lease<Source.ItemID>>, _ reason: Interruption, at now: Duration
    ) -> [StopSignal] {
        leases.compactMap { lease in
            guard entries[lease]?.interruption == nil, let signal = entries[lease]?.signal else { return nil }
            entries[lease]?.interruption = reason
            entries[lease]?.patienceEndsAt = now + grace
            return signal
        }
    }

    /// Tells the items to end that run for longer than they may.
    ///
    /// - Returns: the signals to raise.
    mutating func interruptOverdue(at now: Duration) -> [StopSignal] {
        var signals: [StopSignal] = []
        for (lease, entry) in entries {
            guard entry.interruption == nil, let timeout = entry.timeout, entry.startedAt + timeout <= now else {
                continue
            }
            signals += interrupt([lease], .timedOut(after: timeout), at: now)
        }
        return signals
    }

    /// Takes out the items that were told to end and still run after the time of grace.
    mutating func giveUp(at now: Duration) -> [Entry] {
        let deaf = entries.filter { $0.value.patienceEndsAt.map { $0 <= now } ?? false }
        for lease in deaf.keys { entries[lease] = nil }
        return Array(deaf.values)
    }
}
