internal import MillraceCore

/// A kind of work that is claimed in batches, run one by one, and settled in batches.
protocol WorkSource: Sendable {
    associatedtype Item: Sendable
    associatedtype Settlement: Sendable

    /// Leases up to `limit` items.
    func claim(upTo limit: Int) async throws(StoreError) -> [Item]

    /// Runs one item; `nil` when it has settled itself.
    ///
    /// A cancelled task gives the item back.
    func perform(_ item: Item) async -> Settlement?

    /// The settlement that fails an item whose outcome the store cannot keep.
    func failing(_ settlement: Settlement, because error: StoreError) -> Settlement

    /// Ends leases. Those that were lost are none of the caller's business any more.
    func settle(_ settlements: [Settlement]) async throws(StoreError)
}
