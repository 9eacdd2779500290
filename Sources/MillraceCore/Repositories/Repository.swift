/// Keeps aggregates of one kind.
///
/// Every method ends with ``StoreError/Code-swift.struct/cancelled`` when its task is cancelled before the store took
/// the work; work that the store took is finished, never half done.
public protocol Repository<Aggregate>: Sendable {
    /// The kind of aggregate kept.
    associatedtype Aggregate: AggregateRoot

    /// Writes the aggregate and all that changed in it since it was made or loaded, whole or not at all.
    ///
    /// Load it again before changing it further: an aggregate is saved once.
    ///
    /// - Throws: ``StoreError/Code-swift.struct/conflict`` when what is stored changed in the meantime.
    func save(_ aggregate: Aggregate) async throws(StoreError)

    /// Reads an aggregate; `nil` when there is none with this identity.
    func load(_ id: Aggregate.ID) async throws(StoreError) -> Aggregate?

    /// Deletes an aggregate and what belongs to it; deleting one that does not exist changes nothing.
    func delete(_ id: Aggregate.ID) async throws(StoreError)
}
