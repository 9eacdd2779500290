/// The entity through which a whole cluster of entities is loaded, changed and saved.
public protocol AggregateRoot: Identifiable, Sendable where ID: Sendable {}
