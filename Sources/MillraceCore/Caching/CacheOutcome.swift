/// What each tier did in an operation that writes.
///
/// The store is the authority: when it cannot do a write, the operation throws. A tier above it that cannot take part is
/// skipped, and said to be here.
public struct CacheOutcome: Hashable, Sendable {
    /// What a tier did.
    public enum State: Hashable, Sendable {
        /// It did what it was asked; so many values are different there now.
        case done(changes: Int)
        /// It could not take part; the reason says why.
        case skipped(reason: String)
    }

    /// The tiers that exist, each with what it did.
    public let states: [CacheTierName: State]

    /// Describes an operation.
    public init(_ states: [CacheTierName: State]) {
        self.states = states
    }

    /// How many values a tier changed; 0 for a tier that was skipped or does not exist.
    public func changes(in tier: CacheTierName) -> Int {
        if case .done(let changes)? = states[tier] { changes } else { 0 }
    }
}
