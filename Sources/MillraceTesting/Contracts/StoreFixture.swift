public import MillraceCore

/// The adapters of one empty store, ready for a rule of ``JobQueueContract``, ``ProcessingContract`` or
/// ``TranscriptContract``.
public struct StoreFixture: Sendable {
    /// Jobs and workers.
    public var jobs: any JobQueueRepository
    /// Processings, on the same store.
    public var processings: any ProcessingRepository
    /// Transcripts, on the same store.
    public var transcripts: any TranscriptRepository
    /// The cache's authority, on the same store.
    public var cache: any CacheStore
    /// The clock that all of them read.
    public let clock: ManualClock
    /// Decides what random rules do; named in their violations.
    public let seed: UInt64
    /// How many statements the store has run so far, for rules in `statementRules`.
    public var statementCount: (@Sendable () -> Int)?
    /// Makes the stored counters of a processing wrong, past the port, for rules in `damageRules`.
    public var skewCounters: (@Sendable (ProcessingID) async throws -> Void)?

    /// Gathers the adapters of one empty store.
    public init(
        jobs: any JobQueueRepository, processings: any ProcessingRepository, transcripts: any TranscriptRepository,
        cache: any CacheStore, clock: ManualClock, seed: UInt64 = TestSeed.value,
        statementCount: (@Sendable () -> Int)? = nil,
        skewCounters: (@Sendable (ProcessingID) async throws -> Void)? = nil
    ) {
        self.jobs = jobs
        self.processings = processings
        self.transcripts = transcripts
        self.cache = cache
        self.clock = clock
        self.seed = seed
        self.statementCount = statementCount
        self.skewCounters = skewCounters
    }

    /// The in-memory adapters over a store of their own.
    public static func inMemory(seed: UInt64 = TestSeed.value) -> StoreFixture {
        let clock = ManualClock()
        return inMemory(InMemoryStore(clock: clock), clock: clock, seed: seed)
    }

    static func inMemory(_ store: InMemoryStore, clock: ManualClock, seed: UInt64) -> StoreFixture {
        StoreFixture(
            jobs: InMemoryJobQueueRepository(store), processings: InMemoryProcessingRepository(store),
            transcripts: InMemoryTranscriptRepository(store), cache: InMemoryCacheStore(store), clock: clock,
            seed: seed,
            statementCount: { store.passCount },
            skewCounters: { id in try store.step { state, _ in state.processings[id]?.completedChunks -= 1 } })
    }
}
