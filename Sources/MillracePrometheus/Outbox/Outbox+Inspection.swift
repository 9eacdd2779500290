public import MillraceCore

extension Outbox {
    /// Looks at every slot of a folder, lowest first, without holding one: also while processes write there.
    ///
    /// Calls block the thread. Each slot is seen at one moment.
    ///
    /// - Throws: `unavailable` when files cannot be read, `newerVersion` when a newer program has written them.
    public static func inspect(folder: String) throws(StoreError) -> [OutboxReport] {
        var reports: [OutboxReport] = []
        for (number, path) in try InstanceSlot.all(in: folder) {
            let isOpen = InstanceSlot.isHeld(path)
            guard let replay = try read(path), !replay.segments.isEmpty else { continue }
            reports.append(
                OutboxReport(
                    slot: number, isOpen: isOpen, bytes: replay.segments.reduce(0) { $0 + $1.end },
                    accounting: replay.index.accounting, shards: replay.index.shards.map { OutboxReport.Shard($0) },
                    quarantine: QuarantineFolder.batches(of: path)))
        }
        return reports
    }

    /// Reads the log; anew when files of it went meanwhile.
    private static func read(_ path: String) throws(StoreError) -> OutboxReplay? {
        for _ in 0..<100 {
            if let replay = try OutboxReplay.read(path) { return replay }
        }
        throw StoreError(.busy, "files of \(path) come and go too fast to be read; try again")
    }
}

extension OutboxReport.Shard {
    init(_ shard: OutboxIndex.Shard) {
        self.init(
            pendingBlocks: shard.entries.count, pendingSamples: shard.pendingSamples,
            oldestPending: shard.entries.map(\.oldest).min(), newestEnqueued: shard.newest)
    }
}
