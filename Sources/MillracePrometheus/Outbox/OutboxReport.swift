public import MillraceCore

/// What an outbox looks like from outside, whether a process has it open or not.
public struct OutboxReport: Sendable {
    /// What waits in a shard.
    public struct Shard: Hashable, Sendable {
        /// How many blocks wait.
        public let pendingBlocks: Int
        /// How many samples wait.
        public let pendingSamples: Int
        /// The time of the oldest sample that waits; `nil` when none does.
        public let oldestPending: Timestamp?
        /// The time of the newest sample that was ever put into it; `nil` without one.
        public let newestEnqueued: Timestamp?
    }

    /// The number of its folder.
    public let slot: Int
    /// Whether a process has it open.
    public let isOpen: Bool
    /// How many bytes of log lie on the disk.
    public let bytes: Int
    /// What became of all samples.
    public let accounting: OutboxAccounting
    /// What waits, by shard.
    public let shards: [Shard]
    /// What was refused and is kept, oldest first.
    public let quarantine: [QuarantinedBatch]
}
