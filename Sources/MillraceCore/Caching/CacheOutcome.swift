/// What each tier did in an operation that writes.
public struct CacheOutcome: Hashable, Sendable {
    /// What a tier did.
    public enum State: Hashable, Sendable {
        /// It did what it was asked; `changed` says whether anything there was different before.
        case done(changed: Bool)
        /// It could not take part.
        case skipped(reason: String)
    }

    /// The tiers that exist, each with what it did.
    public let states: [CacheTierName: State]

    /// Describes an operation.
    public init(_ states: [CacheTierName: State]) {
        self.states = states
    }
}
