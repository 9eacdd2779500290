public import MillraceCore

/// A batch that the endpoint refused, kept to be looked at.
public struct QuarantinedBatch: Hashable, Sendable {
    /// When it was refused.
    public let time: Timestamp
    /// Its shard.
    public let shard: Int
    /// The place of the block that it was in.
    public let sequence: UInt64
    /// Why it is not sent: ``OutboxDropReason/rejected`` or ``OutboxDropReason/quarantined``.
    public let reason: OutboxDropReason
    /// The status of the last answer; `nil` when there was none.
    public let status: Int?
    /// The beginning of the last answer, up to 1 KiB; or what went wrong.
    public let answer: String
    /// How many samples there are.
    public let sampleCount: Int
    /// `timeseries` fields of a `WriteRequest`, not compressed; a block's body as it is, when it cannot be read.
    public let body: [UInt8]
}
