/// What became of a batch of requests.
public struct EnqueueReceipt: Sendable, Equatable {
    /// The jobs that stand for the requests, in their order; for a skipped request the open job with its key.
    public let ids: [JobID]
    /// The positions of the requests that were skipped because an open job has their unique key, ascending.
    public let skipped: [Int]
    /// When the jobs of the others were made, by the store's clock; `nil` when there are none.
    public let createdAt: Timestamp?

    /// Describes an enqueued batch.
    public init(ids: [JobID], skipped: [Int], createdAt: Timestamp? = nil) {
        self.ids = ids
        self.skipped = skipped
        self.createdAt = ids.count > skipped.count ? createdAt : nil
    }
}
