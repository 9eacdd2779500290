public import MillraceCore

/// What is to be put into an outbox: samples of one shard, encoded and compressed, as they go out and take the least room.
public struct OutboxDraft: Sendable {
    /// No body is longer, in bytes, nor what it is compressed from.
    public static let maximumBytes = 16 << 20

    /// The shard, from 0 on. All samples of a series belong to one, so that their order is kept.
    public let shard: Int
    /// How many samples there are, one or more.
    public let sampleCount: Int
    /// The time of the oldest sample.
    public let oldest: Timestamp
    /// The time of the newest sample.
    public let newest: Timestamp
    /// `timeseries` fields of a `WriteRequest`, compressed as a block of Snappy: see ``SnappyBlock``.
    public let body: [UInt8]

    /// Describes samples.
    public init(shard: Int, sampleCount: Int, oldest: Timestamp, newest: Timestamp, body: [UInt8]) {
        self.shard = shard
        self.sampleCount = sampleCount
        self.oldest = oldest
        self.newest = newest
        self.body = body
    }
}
