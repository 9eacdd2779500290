internal import Foundation
public import MillraceCore
internal import Synchronization

/// Samples on the disk that wait to be sent: a log that outlives the process, and the exact account of what became of all of
/// them.
///
/// Each process has a numbered slot in the folder, the lowest that is free, and goes on with what the last owner of the slot
/// has left. What is left in other slots is sent by whoever has a ``RemoteWriteSender``. Samples are put into shards; those of one shard come out in the order in which they went in. When it is full
/// the oldest are dropped. One task a shard takes blocks out and settles them.
public final class Outbox: Sendable {
    /// The number of its slot.
    public var slot: Int { place.number }
    /// How many shards there are: as the options say, unless a process with another number left something to send.
    public let shardCount: Int

    let place: InstanceSlot
    let options: OutboxOptions
    let quarantine: QuarantineFolder
    let state: Mutex<OutboxState>
    /// Used on `writing` alone.
    let log: Mutex<OutboxLog?>
    let writing = DispatchQueue(label: "millrace.outbox")
    private let reading = DispatchQueue(label: "millrace.outbox.reading", attributes: .concurrent)

    private init(_ place: InstanceSlot, _ log: OutboxLog, _ index: OutboxIndex, _ options: OutboxOptions) {
        self.place = place
        self.options = options
        shardCount = log.shardCount
        quarantine = QuarantineFolder(of: place.path, options: options)
        state = Mutex(OutboxState(index: index, files: log.files, bytes: log.bytes, syncedBytes: log.syncedBytes))
        self.log = Mutex(log)
    }

    /// Opens an outbox in the lowest free slot of a folder, which is made when it is not there.
    ///
    /// - Throws: `invalid` for options that cannot be, `newerVersion` when a newer program has written it, `unavailable`,
    ///   `readOnly` or `full` when the folder cannot be used.
    public static func open(
        folder: String, options: OutboxOptions = OutboxOptions()
    ) async throws(StoreError) -> Outbox {
        try options.validate()
        let place = try await InstanceSlot.lock(in: folder)
        let result = await withCheckedContinuation { continuation in
            DispatchQueue(label: "millrace.outbox.opening").async {
                continuation.resume(
                    returning: Result { () throws(StoreError) in try recover(place, options) })
            }
        }
        return try result.get()
    }

    static func recover(_ place: InstanceSlot, _ options: OutboxOptions) throws(StoreError) -> Outbox {
        guard let replay = try OutboxReplay.read(place.path) else {
            throw StoreError(
                .unavailable, "files of \(place.path) go while they are read; let nobody else delete there")
        }
        let log = try OutboxLog(replay, in: place.path, options: options)
        var index = replay.index
        index.memoryBytes = options.memoryBytes
        while index.shards.count < log.shardCount { index.addShard() }
        for (shard, newest) in log.newest.enumerated() {
            if let newest { index.raiseNewest(of: shard, to: newest) }
        }
        return Outbox(place, log, index, options)
    }

    /// What became of all samples, at one moment.
    public var accounting: OutboxAccounting { state.withLock { $0.index.accounting } }

    /// How many bytes lie on the disk, without what is in quarantine.
    public var diskBytes: Int { state.withLock { $0.bytes } }

    /// How many of these bytes a power cut would leave.
    var syncedBytes: Int { state.withLock { $0.syncedBytes } }

    /// How many samples of a shard wait.
    public func pendingSamples(shard: Int) -> Int {
        state.withLock { $0.index.shards.indices.contains(shard) ? $0.index.shards[shard].pendingSamples : 0 }
    }

    /// The time of the newest sample that was ever put into a shard, by this process or those before; `nil` without one.
    public func newestEnqueued(shard: Int) -> Timestamp? {
        state.withLock { $0.index.shards.indices.contains(shard) ? $0.index.shards[shard].newest : nil }
    }

    /// Puts samples in, all or none.
    ///
    /// When it returns they survive the end of the process; with a window of zero, that of the machine too. It cannot be
    /// cancelled. Many that come at once share the wait for the disk.
    ///
    /// - Throws: `full` when the disk or the limit has no room for them, even without the oldest. `invalid` when there is no
    ///   such shard, or nothing in a draft; `unavailable` after ``close()``, or when the disk fails. They are not counted
    ///   then, for they may come again: who gives them up says so by ``reject(_:reason:)``.
    public func append(_ drafts: [OutboxDraft]) async throws(StoreError) {
        for draft in drafts {
            guard (0..<shardCount).contains(draft.shard), draft.sampleCount > 0, !draft.body.isEmpty,
                draft.body.count <= OutboxDraft.maximumBytes
            else {
                throw StoreError(
                    .invalid, "a draft needs a shard from 0 to \(shardCount - 1), samples, and at most 16 MiB of them")
            }
        }
        let failure = await withCheckedContinuation { submit(drafts, $0) }
        if let failure { throw failure }
    }

    /// Puts drafts behind all that was submitted before, and resumes when they are in.
    func submit(_ drafts: [OutboxDraft], _ continuation: CheckedContinuation<StoreError?, Never>) {
        let refusal = state.withLock { state -> StoreError?? in
            if state.isClosed { return .some(Self.closed) }
            if drafts.isEmpty { return .some(nil) }
            state.work.appends.append(OutboxState.Append(drafts: drafts, continuation: continuation))
            tell(&state)
            return nil
        }
        if let refusal { continuation.resume(returning: refusal) }
    }

    /// Counts samples that were given up before they could be put in.
    public func reject(_ count: Int, reason: OutboxDropReason) {
        guard count > 0 else { return }
        state.withLock { state in
            state.note(OutboxEvent(.outside, OutboxEvent.Outcome(reason), count))
            tell(&state)
        }
    }

    /// The oldest blocks of a shard, in their order: as many as have at most so many samples together, but one in any case.
    /// Empty when none waits. They stay until they are settled.
    ///
    /// A block that cannot be read from the disk any more is dropped, and the next one looked at.
    public func next(shard: Int, upTo samples: Int) async -> [OutboxBlock] {
        guard (0..<shardCount).contains(shard) else { return [] }
        while true {
            let found = state.withLock { state in
                state.index.oldest(of: shard, upTo: samples).map { ($0, state.files[$0.segment]) }
            }
            guard !found.isEmpty else { return [] }
            let blocks = await read(found)
            let damaged = zip(found, blocks).filter { $0.1 == nil }.map(\.0.0)
            if !damaged.isEmpty {
                state.withLock { state in
                    for entry in damaged { state.end(entry.shard, entry.sequence, [(.damaged, entry.sampleCount)]) }
                    tell(&state)
                }
            }
            let sound = blocks.compactMap { $0 }
            if !sound.isEmpty { return sound }
        }
    }

    /// Waits until a block is there that comes behind one of this sequence, or any for `nil`; until the outbox is closed,
    /// or the task cancelled.
    public func waitForMore(shard: Int, after sequence: UInt64? = nil) async {
        guard (0..<shardCount).contains(shard) else { return }
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isClosed || Task.isCancelled || state.index.hasBlock(in: shard, after: sequence) {
                        return true
                    }
                    state.waiters[id] = OutboxState.Waiter(shard: shard, sequence: sequence, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id)?.continuation }?.resume()
        }
    }

    /// Says what became of blocks, which are gone then. Those that wait no more are passed over, for what became of them is
    /// known.
    ///
    /// It is counted at once and written soon: after a crash before that, the blocks wait again.
    public func settle(_ settlements: [OutboxSettlement]) {
        let now = options.clock.now()
        state.withLock { state in
            for settlement in settlements {
                let block = settlement.block
                guard state.end(block.shard, block.sequence, settlement.outcomes) else { continue }
                state.work.refused += settlement.quarantined.map {
                    QuarantineFolder.Item(
                        quarantined: $0, shard: block.shard, sequence: block.sequence, time: now)
                }
            }
            tell(&state)
        }
    }

    /// Says that the endpoint has taken blocks.
    public func acknowledge(_ blocks: [OutboxBlock]) {
        settle(blocks.map { OutboxSettlement($0, acknowledged: $0.sampleCount) })
    }

    /// Says that blocks will never be sent.
    public func drop(_ blocks: [OutboxBlock], reason: OutboxDropReason) {
        settle(blocks.map { OutboxSettlement($0, dropped: [reason: $0.sampleCount]) })
    }

    /// Keeps the slot from being opened again before a time: see ``InstanceSlot/rest(until:)``.
    public func rest(until time: Timestamp) {
        place.rest(until: time)
    }

    /// Writes what is known, waits until all is on the disk, and gives the slot free. Nothing can be put in afterwards.
    public func close() async {
        let waiting = state.withLock { state in
            state.isClosed = true
            return state.released()
        }
        for continuation in waiting { continuation.resume() }
        await withCheckedContinuation { continuation in
            writing.async { [self] in
                write()
                log.withLock { log in
                    _ = log?.sync()
                    let (bytes, synced) = (log?.bytes ?? 0, log?.syncedBytes ?? 0)
                    state.withLock { ($0.bytes, $0.syncedBytes, $0.files) = (bytes, synced, [:]) }
                    log = nil
                }
                place.release()
                continuation.resume()
            }
        }
    }

    static let closed = StoreError(.unavailable, "the metrics outbox is closed; open it again")

    /// Brings blocks from memory or the disk; `nil` for one that is damaged there.
    private func read(_ places: [(OutboxIndex.Entry, SegmentFile?)]) async -> [OutboxBlock?] {
        let inMemory = places.compactMap { entry, _ in entry.body.map { OutboxBlock(entry, body: $0) } }
        if inMemory.count == places.count { return inMemory }
        return await withCheckedContinuation { continuation in
            reading.async { continuation.resume(returning: places.map { Self.read($0.0, from: $0.1) }) }
        }
    }

    private static func read(_ entry: OutboxIndex.Entry, from file: SegmentFile?) -> OutboxBlock? {
        if let body = entry.body { return OutboxBlock(entry, body: body) }
        guard let body = file?.read(entry.bodyCount, at: entry.offset), RecordHead.sum(body[...]) == entry.checksum
        else { return nil }
        return OutboxBlock(entry, body: body)
    }
}
