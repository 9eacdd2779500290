internal import Foundation
internal import MillraceCore

/// The files of an outbox, as the one thread sees them that writes: blocks and what became of them, in the order in which it
/// happened. A file is deleted when nothing in it waits and none before it is left.
struct OutboxLog {
    /// What a write came to.
    struct Written {
        var entries: [OutboxIndex.Entry] = []
        var failure: StoreError?
    }

    private struct Segment {
        let file: SegmentFile
        /// Where that ends which it begins with.
        let snapshotEnd: Int
        var bytes: Int
        /// How many of its blocks wait, as far as the log says.
        var live = 0
    }

    private let folder: String
    private let options: OutboxOptions
    /// Oldest first; the last one is written to.
    private var segments: [Segment] = []
    private var shards: [OutboxSnapshot.Shard]
    /// What the log says up to its end; pending is not kept.
    private var ledger: OutboxAccounting
    /// The files of blocks that wait, as far as the log says.
    private var homes: [Home: Int] = [:]
    /// What could not be written yet.
    private var owed: [OutboxEvent] = []
    /// Whether something was written that a power cut would lose.
    private(set) var isUnsynced = false
    /// How much of the last file is on the disk for certain.
    private var syncedEnd = 0

    private struct Home: Hashable {
        let shard: Int
        let sequence: UInt64

        init(shard: Int, sequence: UInt64) {
            self.shard = shard
            self.sequence = sequence
        }

        /// Where the samples of an event were; `nil` when that was no block.
        init?(_ event: OutboxEvent) {
            guard case .block(let shard, let sequence) = event.place else { return nil }
            self.init(shard: shard, sequence: sequence)
        }
    }

    /// Goes on with what a process has left, or begins.
    init(_ replay: OutboxReplay, in folder: String, options: OutboxOptions) throws(StoreError) {
        self.folder = folder
        self.options = options
        ledger = replay.index.accounting
        shards = replay.shards
        for segment in replay.segments {
            segments.append(
                Segment(
                    file: try SegmentFile(segment.number, in: folder, isNew: false), snapshotEnd: segment.snapshotEnd,
                    bytes: segment.end))
        }
        for entry in replay.index.shards.flatMap(\.entries) {
            homes[Home(shard: entry.shard, sequence: entry.sequence)] = entry.segment
            if let place = segments.firstIndex(where: { $0.file.number == entry.segment }) { segments[place].live += 1 }
        }
        if homes.isEmpty, shards.count != options.shardCount {
            // A series may have been in any of them.
            let newest = shards.compactMap(\.newest).max()
            let next = shards.map(\.next).max() ?? 1
            shards = Array(repeating: OutboxSnapshot.Shard(next: next, newest: newest), count: options.shardCount)
            try begin()
        } else if let last = replay.segments.last, last.snapshotEnd > 0, last.end < options.segmentBytes {
            segments[segments.count - 1].file.cut(to: last.end)
            // Who knows whether the process before came to it.
            isUnsynced = true
        } else {
            try begin()
        }
        if replay.lost > 0 {
            // It is counted already.
            ledger.dropped[.damaged, default: 0] -= replay.lost
            add([OutboxEvent(.unknown, .damaged, replay.lost)])
        }
        deleteSettled()
    }

    /// How many shards there are.
    var shardCount: Int { shards.count }

    /// The time of the newest sample of each shard.
    var newest: [Timestamp?] { shards.map(\.newest) }

    /// How many bytes there are in all.
    var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }

    /// The files, by number.
    var files: [Int: SegmentFile] {
        Dictionary(uniqueKeysWithValues: segments.map { ($0.file.number, $0.file) })
    }

    /// How many bytes are on the disk for certain.
    var syncedBytes: Int { isUnsynced ? bytes - (segments.last?.bytes ?? 0) + syncedEnd : bytes }

    /// Writes what became of blocks. What the disk does not take now is written the next time.
    mutating func add(_ events: [OutboxEvent]) {
        owed += events
        guard !owed.isEmpty else { return }
        rotateIfFull()
        var body: [UInt8] = []
        body.reserveCapacity(owed.count * OutboxEvent.size)
        var after = ledger
        for event in owed {
            event.write(to: &body)
            after.count(event)
        }
        var record: [UInt8] = []
        var head = RecordHead(.events, body: body)
        head.total = after.enqueued
        head.write(body, to: &record)
        let failure = write(record)
        guard failure == nil else {
            if failure?.code == .full { startOver(after) }
            return
        }
        ledger = after
        for event in owed {
            guard let home = Home(event), let number = homes.removeValue(forKey: home),
                let place = segments.firstIndex(where: { $0.file.number == number })
            else { continue }
            segments[place].live -= 1
        }
        owed = []
    }

    /// Goes on in a new file when nothing waits any more, and only the disk has no room for that to be written: the end of the
    /// last file makes room, which nobody needs. What was in there was never there when the process ends before the new file
    /// says what became of it.
    private mutating func startOver(_ ledger: OutboxAccounting) {
        let settled = Set(owed.compactMap { Home($0) })
        guard let last = segments.indices.last, homes.keys.allSatisfy(settled.contains) else { return }
        segments[last].file.cut(to: segments[last].snapshotEnd)
        segments[last].bytes = segments[last].snapshotEnd
        let before = self.ledger
        self.ledger = ledger
        do throws(StoreError) {
            try begin()
        } catch {
            self.ledger = before
            return
        }
        owed = []
        homes = [:]
        for segment in segments.indices { segments[segment].live = 0 }
        deleteSettled()
    }

    /// Writes blocks, all or none of them, and makes room for them: `giveUp` takes all blocks of a file out of those that
    /// wait, and says what became of them.
    mutating func add(_ drafts: [OutboxDraft], giveUp: (_ segment: Int) -> [OutboxEvent]) -> Written {
        let size = size(of: drafts)
        guard size <= options.maximumBytes / 2 else {
            return Written(
                failure: StoreError(
                    .full, "\(size) bytes of samples are too many for the metrics outbox in \(folder); allow it more"))
        }
        // Also for what is written when a file is begun, and about those that are given up.
        while bytes + size + options.segmentBytes / 2 > options.maximumBytes, dropOldest(giveUp) {}
        rotateIfFull()
        var written = attempt(drafts)
        if written.failure?.code == .full, segments.count > 1, dropOldest(giveUp) {
            written = attempt(drafts)
        }
        return written
    }

    private func size(of drafts: [OutboxDraft]) -> Int {
        drafts.reduce(0) { $0 + $1.body.count + RecordHead.size }
    }

    private mutating func attempt(_ drafts: [OutboxDraft]) -> Written {
        guard let segment = segments.last else { return Written() }
        var (shards, ledger) = (shards, ledger)
        var (record, written) = ([UInt8](), Written())
        record.reserveCapacity(size(of: drafts))
        for draft in drafts {
            var head = RecordHead(.block, body: draft.body)
            ledger.enqueued += draft.sampleCount
            head.shard = draft.shard
            head.sampleCount = draft.sampleCount
            head.sequence = shards[draft.shard].next
            head.oldest = draft.oldest
            head.newest = draft.newest
            head.total = ledger.enqueued
            written.entries.append(
                OutboxIndex.Entry(
                    shard: draft.shard, sequence: head.sequence, sampleCount: draft.sampleCount, oldest: draft.oldest,
                    newest: draft.newest, segment: segment.file.number,
                    offset: segment.bytes + record.count + RecordHead.size, bodyCount: head.bodyCount,
                    checksum: head.checksum, body: draft.body))
            head.write(draft.body, to: &record)
            shards[draft.shard].next += 1
            shards[draft.shard].newest = max(shards[draft.shard].newest ?? draft.newest, draft.newest)
        }
        if let failure = write(record) { return Written(failure: failure) }
        (self.shards, self.ledger) = (shards, ledger)
        segments[segments.count - 1].live += written.entries.count
        for entry in written.entries {
            homes[Home(shard: entry.shard, sequence: entry.sequence)] = entry.segment
        }
        isUnsynced = true
        return written
    }

    /// Waits until all is on the disk.
    mutating func sync() -> StoreError? {
        guard isUnsynced, let segment = segments.last else { return nil }
        if let code = segment.file.sync() { return .outbox(code, folder) }
        isUnsynced = false
        syncedEnd = segment.bytes
        return nil
    }

    /// Deletes files that nobody needs, or that are too many. When nothing waits at all, a file that has grown is one of them.
    mutating func tidy(giveUp: (_ segment: Int) -> [OutboxEvent]) {
        while bytes > options.maximumBytes, dropOldest(giveUp) {}
        if homes.isEmpty, owed.isEmpty, let last = segments.last, last.bytes > options.segmentBytes / 8 { rotate() }
        deleteSettled()
    }

    private mutating func deleteSettled() {
        while segments.count > 1, segments[0].live == 0 {
            segments[0].file.remove()
            segments.removeFirst()
        }
    }

    /// Gives up the oldest file with all that waits in it.
    ///
    /// - Returns: whether there was something to give up.
    private mutating func dropOldest(_ giveUp: (Int) -> [OutboxEvent]) -> Bool {
        if segments.count == 1 {
            guard segments[0].live > 0 else { return false }
            rotate()
        }
        guard segments.count > 1 else { return false }
        add(giveUp(segments[0].file.number))
        segments[0].file.remove()
        for (home, number) in homes where number == segments[0].file.number { homes[home] = nil }
        segments.removeFirst()
        deleteSettled()
        return true
    }

    private mutating func rotateIfFull() {
        if let last = segments.last, last.bytes >= options.segmentBytes { rotate() }
    }

    /// Goes on in a new file; in the old one when the disk has no room for that.
    private mutating func rotate() {
        _ = sync()
        try? begin()
    }

    /// Begins a file with what is known.
    private mutating func begin() throws(StoreError) {
        let body: [UInt8]
        do {
            body = [UInt8](try JSONEncoder().encode(OutboxSnapshot(shards: shards, accounting: ledger)))
        } catch {
            throw StoreError(.unexpected, "what is known of the metrics outbox cannot be written down", cause: error)
        }
        var record: [UInt8] = []
        for _ in 0..<2 { RecordHead(.snapshot, body: body).write(body, to: &record) }
        let number = (segments.last?.file.number ?? 0) + 1
        let file = try SegmentFile(number, in: folder, isNew: true)
        let code = file.write(record, at: 0) ?? file.sync()
        if let code {
            file.remove()
            throw .outbox(code, folder)
        }
        SegmentFile.syncNames(of: folder)
        segments.append(Segment(file: file, snapshotEnd: record.count, bytes: record.count))
        syncedEnd = record.count
    }

    private mutating func write(_ record: [UInt8]) -> StoreError? {
        guard let last = segments.indices.last else { return nil }
        if let code = segments[last].file.write(record, at: segments[last].bytes) { return .outbox(code, folder) }
        segments[last].bytes += record.count
        return nil
    }
}
