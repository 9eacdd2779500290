import GRDB
import MillraceCaching
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Testing

/// Every contract suite, over SQLite; each rule has a file of its own.
@Suite("The SQLite adapters keep the contract of")
struct SQLiteContractTests {
    @Test("jobs", arguments: JobQueueContract.rules + JobQueueContract.statementRules)
    func jobs(rule: ContractRule<StoreFixture>) async throws {
        let temporary = try TemporaryStore()
        try await rule.check(fixture(temporary))
        withExtendedLifetime(temporary) {}
    }

    @Test(
        "processings",
        arguments: ProcessingContract.rules + ProcessingContract.statementRules + ProcessingContract.damageRules)
    func processings(rule: ContractRule<StoreFixture>) async throws {
        let temporary = try TemporaryStore()
        try await rule.check(fixture(temporary))
        withExtendedLifetime(temporary) {}
    }

    @Test("transcripts", arguments: TranscriptContract.rules)
    func transcripts(rule: ContractRule<StoreFixture>) async throws {
        let temporary = try TemporaryStore()
        try await rule.check(fixture(temporary))
        withExtendedLifetime(temporary) {}
    }

    @Test("the cache's store", arguments: CacheStoreContract.rules + CacheStoreContract.statementRules)
    func cacheStore(rule: ContractRule<CacheFixture>) async throws {
        let temporary = try TemporaryStore()
        try await rule.check(cacheFixture(temporary))
        withExtendedLifetime(temporary) {}
    }

    @Test("the cache", arguments: CacheContract.rules + CacheContract.statementRules)
    func cache(rule: ContractRule<CacheFixture>) async throws {
        let temporary = try TemporaryStore()
        try await rule.check(cacheFixture(temporary))
        withExtendedLifetime(temporary) {}
    }

    @Test("metrics", arguments: MetricsContract.rules + MetricsContract.statementRules)
    func metrics(rule: ContractRule<MetricsFixture>) async throws {
        let temporary = try TemporaryStore()
        try await rule.check(metricsFixture(temporary, retention: MetricRetention.standard))
        withExtendedLifetime(temporary) {}
    }

    @Test("metrics that are not kept for ever", arguments: MetricsContract.retentionRules)
    func retention(rule: ContractRule<MetricsFixture>) async throws {
        let temporary = try TemporaryStore()
        try await rule.check(metricsFixture(temporary, retention: MetricsFixture.retention))
        withExtendedLifetime(temporary) {}
    }

    private func metricsFixture(_ temporary: TemporaryStore, retention: Duration) -> MetricsFixture {
        MetricsFixture(
            SQLiteMetricsRepository(temporary.store, retention: retention), clock: temporary.clock,
            statementCount: { temporary.statements.value })
    }

    private func fixture(_ temporary: TemporaryStore) -> StoreFixture {
        StoreFixture(
            jobs: SQLiteJobQueueRepository(temporary.store),
            processings: SQLiteProcessingRepository(temporary.store),
            transcripts: SQLiteTranscriptRepository(temporary.store), cache: SQLiteCacheStore(temporary.store),
            clock: temporary.clock,
            statementCount: { temporary.statements.value },
            skewCounters: { id in
                try await DatabaseQueue(path: temporary.store.path).write { db in
                    try db.execute(
                        sql: "UPDATE processing_tasks SET completed_chunks = completed_chunks - 1 WHERE id = ?",
                        arguments: [id.description])
                }
            })
    }

    private func cacheFixture(_ temporary: TemporaryStore) -> CacheFixture {
        let store = SQLiteCacheStore(temporary.store)
        return CacheFixture(
            cache: TieredCache(store: store, clock: temporary.clock), store: store, clock: temporary.clock,
            statementCount: { temporary.statements.value })
    }
}
