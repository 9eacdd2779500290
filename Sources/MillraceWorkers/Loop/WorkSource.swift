internal import MillraceCore

/// A kind of work that is claimed in batches, run one by one, and settled in batches.
protocol WorkSource: Sendable {
    associatedtype Item: Sendable
    associatedtype ItemID: Hashable & Sendable
    associatedtype Settlement: Sendable

    /// Leases up to `limit` items; alone, only what may have killed its workers, one at a time.
    func claim(upTo limit: Int, alone: Bool) async throws(StoreError) -> [Item]

    /// The lease that an item was claimed with.
    func lease(of item: Item) -> Lease<ItemID>

    /// How long an item may run; `nil` for as long as it likes.
    func timeout(of item: Item) -> Duration?

    /// The leases that the worker has now.
    func leases() async throws(StoreError) -> Set<Lease<ItemID>>

    /// Runs one item. A cancelled task is told to end.
    func perform(_ item: Item) async -> Performance<Settlement>

    /// What becomes of an item that was told to end; `nil` when it is none of this worker's business any more.
    func settlement(of item: Item, after interruption: Interruption) -> Settlement?

    /// The settlement that gives back an item of which no more is known than its lease.
    func release(of lease: Lease<ItemID>) -> Settlement

    /// The settlement that fails an item whose outcome the store cannot keep.
    func failing(_ settlement: Settlement, because error: StoreError) -> Settlement

    /// Ends leases. Those that were lost are none of the caller's business any more.
    func settle(_ settlements: [Settlement]) async throws(StoreError)
}
