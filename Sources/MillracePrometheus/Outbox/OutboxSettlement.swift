/// What became of a block: of all of its samples at once, so that none is counted twice or not at all.
public struct OutboxSettlement: Sendable {
    /// The block.
    public let block: OutboxBlock
    /// How many samples the endpoint has taken.
    public let acknowledged: Int
    /// How many samples are given up and not kept, by reason.
    public let dropped: [OutboxDropReason: Int]
    /// What is given up and kept to be looked at.
    public let quarantined: [OutboxQuarantined]

    /// Says what became of a block. The numbers must add up to those of the block.
    public init(
        _ block: OutboxBlock, acknowledged: Int = 0, dropped: [OutboxDropReason: Int] = [:],
        quarantined: [OutboxQuarantined] = []
    ) {
        self.block = block
        self.acknowledged = acknowledged
        self.dropped = dropped
        self.quarantined = quarantined
    }

    /// The numbers as the log keeps them.
    var outcomes: [(OutboxEvent.Outcome, Int)] {
        [(.acknowledged, acknowledged)]
            + dropped.map { (OutboxEvent.Outcome($0.key), $0.value) }
            + quarantined.map { (OutboxEvent.Outcome($0.reason), $0.sampleCount) }
    }
}
