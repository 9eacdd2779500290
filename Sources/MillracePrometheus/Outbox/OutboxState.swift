internal import MillraceCore

/// What an outbox knows in memory, and what its writing thread is to do.
struct OutboxState {
    /// Drafts of one who waits for them to be in.
    struct Append {
        let drafts: [OutboxDraft]
        let continuation: CheckedContinuation<StoreError?, Never>
    }

    /// One who waits for a block.
    struct Waiter {
        let shard: Int
        let sequence: UInt64?
        let continuation: CheckedContinuation<Void, Never>
    }

    /// What is to be written at once.
    struct Work {
        var events: [OutboxEvent] = []
        var refused: [QuarantineFolder.Item] = []
        var appends: [Append] = []

        var isEmpty: Bool { events.isEmpty && appends.isEmpty }
    }

    var index: OutboxIndex
    /// The files of what waits, by number.
    var files: [Int: SegmentFile]
    var bytes: Int
    var syncedBytes: Int
    var work = Work()
    /// Whether the thread that writes has been told.
    var isWriting = false
    /// Whether it will sync.
    var isSyncing = false
    var isClosed = false
    var waiters: [UInt64: Waiter] = [:]
    var nextWaiter: UInt64 = 0

    /// Takes out those who wait for what is there now, or for nothing any more.
    mutating func released() -> [CheckedContinuation<Void, Never>] {
        let ids = waiters.filter { isClosed || index.hasBlock(in: $0.value.shard, after: $0.value.sequence) }.keys
        return ids.compactMap { waiters.removeValue(forKey: $0)?.continuation }
    }

    /// Counts samples that came to an end; it is to be written then.
    mutating func note(_ event: OutboxEvent) {
        index.accounting.count(event)
        work.events.append(event)
    }

    /// Takes a block out and notes what became of it.
    ///
    /// - Returns: whether it was there.
    @discardableResult mutating func end(
        _ shard: Int, _ sequence: UInt64, _ outcomes: [(OutboxEvent.Outcome, Int)]
    ) -> Bool {
        guard let entry = index.remove(shard: shard, sequence: sequence) else { return false }
        var rest = entry.sampleCount
        for (outcome, count) in outcomes where count > 0 && rest > 0 {
            note(OutboxEvent(.block(shard: shard, sequence: sequence), outcome, min(count, rest)))
            rest -= min(count, rest)
        }
        // Of these nobody has said anything.
        if rest > 0 { note(OutboxEvent(.block(shard: shard, sequence: sequence), .invalid, rest)) }
        return true
    }
}
