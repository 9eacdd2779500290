internal import Foundation
internal import MillraceCore

/// What the files of an outbox say, from the first record to the last, as far as they are sound.
///
/// A record that was being written when its process was killed is the end of its file. One that is damaged is passed over:
/// what comes behind it is found by its head, which also says how many samples were enqueued up to there.
struct OutboxReplay {
    struct Segment: Equatable {
        let number: Int
        /// Where its last sound record ends.
        var end: Int
        /// Where that ends which it should begin with; 0 when it does not.
        var snapshotEnd = 0
    }

    private(set) var index = OutboxIndex(shardCount: 0)
    /// The files, oldest first.
    private(set) var segments: [Segment] = []
    /// The sequence of each shard's next block, and the time of its newest sample.
    private(set) var shards: [OutboxSnapshot.Shard] = []
    /// How many samples are lost by damage that was not noticed before.
    private(set) var lost = 0

    /// Reads the files of a slot; `nil` when one of them was deleted meanwhile, by the process that has it open.
    ///
    /// - Throws: `newerVersion` when it was written by a newer program, `unavailable` when it cannot be read.
    static func read(_ folder: String) throws(StoreError) -> OutboxReplay? {
        var replay = OutboxReplay()
        for number in try SegmentFile.numbers(in: folder) {
            let path = SegmentFile.path(number, in: folder)
            guard let bytes = FileManager.default.contents(atPath: path) else {
                guard FileManager.default.fileExists(atPath: path) else { return nil }
                throw StoreError(.unavailable, "cannot read \(path); check its permissions")
            }
            try replay.take([UInt8](bytes), of: number, in: folder)
        }
        replay.finish()
        return replay
    }

    /// Goes through a file.
    private mutating func take(_ bytes: [UInt8], of number: Int, in folder: String) throws(StoreError) {
        var segment = Segment(number: number, end: 0)
        var place = 0
        while place < bytes.count {
            guard let head = RecordHead(bytes, at: place) else {
                guard let next = RecordHead.next(in: bytes, from: place + 1) else { break }
                place = next
                continue
            }
            let body = place + RecordHead.size
            // It was not written to its end.
            guard head.bodyCount <= bytes.count - body else { break }
            place = body + head.bodyCount
            segment.end = place
            let content = bytes[body..<place]
            if head.checksum == RecordHead.sum(content) {
                if head.kind == .snapshot { segment.snapshotEnd = place }
                try take(head, content, of: number, at: body, in: folder)
            }
            // Also of one whose body is damaged.
            if head.kind != .snapshot { index.accounting.enqueued = max(index.accounting.enqueued, head.total) }
        }
        segments.append(segment)
    }

    private mutating func take(
        _ head: RecordHead, _ body: ArraySlice<UInt8>, of number: Int, at offset: Int, in folder: String
    ) throws(StoreError) {
        switch head.kind {
        case .snapshot:
            guard let snapshot = try? JSONDecoder().decode(OutboxSnapshot.self, from: Data(body)) else { return }
            guard snapshot.version <= OutboxSnapshot.version else {
                throw StoreError(
                    .newerVersion, "the metrics outbox in \(folder) was written by a newer millrace; use that one")
            }
            take(snapshot)
        case .block:
            grow(to: head.shard + 1)
            let isKnown = head.sequence < shards[head.shard].next
            raise(head.shard, next: head.sequence + 1, newest: head.newest)
            guard !isKnown else { return }
            index.insert(
                OutboxIndex.Entry(
                    shard: head.shard, sequence: head.sequence, sampleCount: head.sampleCount, oldest: head.oldest,
                    newest: head.newest, segment: number, offset: offset, bodyCount: head.bodyCount,
                    checksum: head.checksum))
        case .events:
            for event in OutboxEvent.read(body) {
                if case .block(let shard, let sequence) = event.place {
                    _ = index.remove(shard: shard, sequence: sequence)
                }
                index.accounting.count(OutboxEvent(.unknown, event.outcome, event.count))
            }
        case .quarantine:
            break
        }
    }

    /// What was known when a file was begun is more certain than what was read before it.
    private mutating func take(_ snapshot: OutboxSnapshot) {
        grow(to: snapshot.shards.count)
        for (shard, known) in snapshot.shards.enumerated() {
            raise(shard, next: known.next, newest: known.newest)
        }
        let pending = index.accounting.pending
        index.accounting = snapshot.accounting
        index.accounting.pending = pending
    }

    private mutating func raise(_ shard: Int, next: UInt64, newest: Timestamp?) {
        shards[shard].next = max(shards[shard].next, next)
        guard let newest else { return }
        shards[shard].newest = max(shards[shard].newest ?? newest, newest)
        index.raiseNewest(of: shard, to: newest)
    }

    private mutating func grow(to count: Int) {
        while shards.count < count {
            shards.append(OutboxSnapshot.Shard())
            index.addShard()
        }
    }

    private mutating func finish() {
        lost = index.accounting.balance()
    }
}
