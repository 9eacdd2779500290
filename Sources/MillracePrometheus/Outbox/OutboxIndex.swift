internal import DequeModule
internal import MillraceCore

/// What an outbox knows without looking at its files: the blocks that wait, and what became of all samples.
struct OutboxIndex {
    /// A block that waits, and where its body lies.
    struct Entry: Equatable {
        let shard: Int
        let sequence: UInt64
        let sampleCount: Int
        let oldest: Timestamp
        let newest: Timestamp
        /// The number of the file.
        let segment: Int
        let offset: Int
        let bodyCount: Int
        let checksum: UInt32
        /// What lies there, as long as there is room for it in memory: most blocks are sent as soon as they are written.
        var body: [UInt8]?
    }

    struct Shard {
        fileprivate(set) var entries: Deque<Entry> = []
        fileprivate(set) var pendingSamples = 0
        fileprivate(set) var newest: Timestamp?
    }

    private(set) var shards: [Shard]
    /// The most bytes of bodies that are kept in memory.
    var memoryBytes = 0
    /// How many are.
    private(set) var bytesInMemory = 0
    var accounting = OutboxAccounting()

    init(shardCount: Int) {
        shards = Array(repeating: Shard(), count: shardCount)
    }

    /// Adds a shard behind the others.
    mutating func addShard() {
        shards.append(Shard())
    }

    /// Adds a block behind all others of its shard. It counts as pending; whoever adds it counts it as enqueued.
    mutating func insert(_ entry: Entry) {
        var entry = entry
        if entry.body != nil, bytesInMemory + entry.bodyCount > memoryBytes { entry.body = nil }
        if entry.body != nil { bytesInMemory += entry.bodyCount }
        shards[entry.shard].entries.append(entry)
        shards[entry.shard].pendingSamples += entry.sampleCount
        raiseNewest(of: entry.shard, to: entry.newest)
        accounting.pending += entry.sampleCount
    }

    /// Remembers the time of a sample that is there no more.
    mutating func raiseNewest(of shard: Int, to time: Timestamp) {
        shards[shard].newest = max(shards[shard].newest ?? time, time)
    }

    /// Takes out a block; `nil` when it waits no more.
    mutating func remove(shard: Int, sequence: UInt64) -> Entry? {
        guard shards.indices.contains(shard), let place = place(of: sequence, in: shards[shard].entries) else {
            return nil
        }
        let entry = shards[shard].entries.remove(at: place)
        shards[shard].pendingSamples -= entry.sampleCount
        accounting.pending -= entry.sampleCount
        if entry.body != nil { bytesInMemory -= entry.bodyCount }
        return entry
    }

    /// Takes out all blocks of a file.
    mutating func removeAll(in segment: Int) -> [Entry] {
        var removed: [Entry] = []
        for shard in shards.indices {
            // Those of the oldest file are the first.
            while let entry = shards[shard].entries.first, entry.segment <= segment {
                guard let entry = remove(shard: shard, sequence: entry.sequence) else { break }
                removed.append(entry)
            }
        }
        return removed
    }

    /// The oldest blocks of a shard that have so many samples together; one in any case, if there is one.
    func oldest(of shard: Int, upTo samples: Int) -> [Entry] {
        var (list, rest) = ([Entry](), samples)
        for entry in shards[shard].entries {
            guard list.isEmpty || entry.sampleCount <= rest else { break }
            list.append(entry)
            rest -= entry.sampleCount
        }
        return list
    }

    /// Whether a block of a shard waits that comes behind one of this sequence; any for `nil`.
    func hasBlock(in shard: Int, after sequence: UInt64?) -> Bool {
        guard let last = shards[shard].entries.last else { return false }
        return sequence.map { last.sequence > $0 } ?? true
    }

    private func place(of sequence: UInt64, in entries: Deque<Entry>) -> Int? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].sequence == sequence ? low : nil
    }
}
