internal import MillraceCaching
public import MillraceCore

/// A cache and its authority, empty, ready for a rule of ``CacheStoreContract`` or ``CacheContract``.
public struct CacheFixture: Sendable {
    /// The cache over all its tiers.
    public var cache: any CacheRepository
    /// The authority below it.
    public var store: any CacheStore
    /// The clock that both read.
    public let clock: ManualClock
    /// Decides what random rules do; named in their violations.
    public let seed: UInt64
    /// How many statements the store has run so far, for rules in `statementRules`.
    public var statementCount: (@Sendable () -> Int)?

    /// Gathers a cache and its authority.
    public init(
        cache: any CacheRepository, store: any CacheStore, clock: ManualClock, seed: UInt64 = TestSeed.value,
        statementCount: (@Sendable () -> Int)? = nil
    ) {
        self.cache = cache
        self.store = store
        self.clock = clock
        self.seed = seed
        self.statementCount = statementCount
    }

    /// The tiered cache over an in-memory store of its own.
    public static func inMemory() -> CacheFixture {
        let clock = ManualClock()
        return inMemory(InMemoryStore(clock: clock), clock: clock)
    }

    static func inMemory(_ memory: InMemoryStore, clock: ManualClock) -> CacheFixture {
        let store = InMemoryCacheStore(memory)
        return CacheFixture(
            cache: TieredCache(store: store, clock: clock), store: store, clock: clock,
            statementCount: { memory.passCount })
    }
}
