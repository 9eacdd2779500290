public import MillraceCaching

/// What ``/MillraceCaching/SharedCacheTier`` promises.
public enum SharedTierContract {
    /// The rules for every adapter.
    public static let rules: [ContractRule<SharedTierFixture>] =
        SharedSlotRules.all + SharedJournalRules.all + SharedMessageRules.all
}

/// A shared tier, empty, ready for a rule of ``SharedTierContract``.
public struct SharedTierFixture: Sendable {
    /// The tier of one store.
    public var tier: any SharedCacheTier
    /// The tier of another store on the same server.
    public var other: any SharedCacheTier
    /// Takes away what the server of `tier` keeps under one of its names, given by its number, as a server does to make
    /// room; says whether there are so many.
    public var lose: @Sendable (Int) async throws -> Bool
    /// Decides what random rules do; named in their violations.
    public let seed: UInt64

    /// Gathers two tiers.
    public init(
        tier: any SharedCacheTier, other: any SharedCacheTier, seed: UInt64 = TestSeed.value,
        lose: @escaping @Sendable (Int) async throws -> Bool
    ) {
        self.tier = tier
        self.other = other
        self.lose = lose
        self.seed = seed
    }
}
