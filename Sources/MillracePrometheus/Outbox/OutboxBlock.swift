public import MillraceCore

/// Samples in an outbox that wait to be sent, until ``Outbox/settle(_:)``.
public struct OutboxBlock: Hashable, Sendable {
    /// The shard.
    public let shard: Int
    /// Its place within the shard: each block has a greater one than those before it. It is never given away again.
    public let sequence: UInt64
    /// How many samples there are.
    public let sampleCount: Int
    /// The time of the oldest sample.
    public let oldest: Timestamp
    /// The time of the newest sample.
    public let newest: Timestamp
    /// `timeseries` fields of a `WriteRequest`, compressed as a block of Snappy. Those of a shard's blocks may be joined into
    /// one request, in their order.
    public let body: [UInt8]

    /// Describes a block.
    public init(
        shard: Int, sequence: UInt64, sampleCount: Int, oldest: Timestamp, newest: Timestamp, body: [UInt8]
    ) {
        self.shard = shard
        self.sequence = sequence
        self.sampleCount = sampleCount
        self.oldest = oldest
        self.newest = newest
        self.body = body
    }

    /// The `timeseries` fields; `nil` when the body is no whole block of Snappy.
    var content: [UInt8]? { SnappyBlock.decompress(body, limit: OutboxDraft.maximumBytes) }

    init(_ entry: OutboxIndex.Entry, body: [UInt8]) {
        self.init(
            shard: entry.shard, sequence: entry.sequence, sampleCount: entry.sampleCount, oldest: entry.oldest,
            newest: entry.newest, body: body)
    }
}
