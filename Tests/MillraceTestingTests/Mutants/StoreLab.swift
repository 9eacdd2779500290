import MillraceCore

@testable import MillraceTesting

/// A fixture over an in-memory store whose adapters a mutant breaks.
struct StoreLab: Sendable {
    let store: InMemoryStore
    let clock: ManualClock
    var jobs: TamperedJobs
    var processings: TamperedProcessings
    var transcripts: TamperedTranscripts
    var cache: TamperedCacheStore
    private let sound: StoreFixture

    init(seed: UInt64 = TestSeed.value) {
        clock = ManualClock()
        store = InMemoryStore(clock: clock)
        sound = StoreFixture.inMemory(store, clock: clock, seed: seed)
        jobs = TamperedJobs(sound.jobs)
        processings = TamperedProcessings(sound.processings)
        transcripts = TamperedTranscripts(sound.transcripts)
        cache = TamperedCacheStore(sound.cache)
    }

    var fixture: StoreFixture {
        var fixture = sound
        fixture.jobs = jobs
        fixture.processings = processings
        fixture.transcripts = transcripts
        fixture.cache = cache
        return fixture
    }
}

/// A cache and its authority that a mutant breaks.
struct CacheLab: Sendable {
    let memory: InMemoryStore
    let clock: ManualClock
    var cache: TamperedCache
    var store: TamperedCacheStore
    private let seed: UInt64

    init(seed: UInt64 = TestSeed.value) {
        self.seed = seed
        clock = ManualClock()
        memory = InMemoryStore(clock: clock)
        let sound = CacheFixture.inMemory(memory, clock: clock)
        cache = TamperedCache(sound.cache)
        store = TamperedCacheStore(sound.store)
    }

    var fixture: CacheFixture {
        CacheFixture(
            cache: cache, store: store, clock: clock, seed: seed, statementCount: { [memory] in memory.passCount })
    }
}

/// Runs what a mutant does in place of a verb; its errors are the store's, as a port demands.
func storeError<Value>(_ operation: () async throws -> Value) async throws(StoreError) -> Value {
    do {
        return try await operation()
    } catch let error as StoreError {
        throw error
    } catch {
        throw StoreError(.unexpected, "a mutant failed by accident", cause: error)
    }
}
