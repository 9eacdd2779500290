/// What a batch of chunk settlements did.
public struct ChunkSettleReceipt: Sendable, Hashable {
    /// The chunks whose lease was lost; nothing of theirs changed.
    public let lost: Set<ChunkID>
    /// The processings whose last chunk ended here; their merge is queued.
    public let merging: Set<ProcessingID>

    /// Describes a settled batch.
    public init(lost: Set<ChunkID>, merging: Set<ProcessingID>) {
        self.lost = lost
        self.merging = merging
    }
}
