/// What became of a batch of requests.
public struct EnqueueReceipt: Sendable, Equatable {
    /// The jobs that stand for the requests, in their order; for a skipped request the open job with its key.
    public let ids: [JobID]
    /// The positions of the requests that were skipped because an open job has their unique key, ascending.
    public let skipped: [Int]

    /// Describes an enqueued batch.
    public init(ids: [JobID], skipped: [Int]) {
        self.ids = ids
        self.skipped = skipped
    }
}
