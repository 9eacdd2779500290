import MillraceCaching
import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

/// Every contract suite, over PostgreSQL itself and through PgBouncer; each rule has a schema of its own.
@Suite("The PostgreSQL adapters keep the contract of")
struct PostgresContractTests {
    @Test("jobs", arguments: JobQueueContract.rules + JobQueueContract.statementRules, Route.allCases)
    func jobs(rule: ContractRule<StoreFixture>, route: Route) async throws {
        try await TemporaryPostgres.with(route) { try await rule.check(fixture($0)) }
    }

    @Test(
        "processings",
        arguments: ProcessingContract.rules + ProcessingContract.statementRules + ProcessingContract.damageRules,
        Route.allCases)
    func processings(rule: ContractRule<StoreFixture>, route: Route) async throws {
        try await TemporaryPostgres.with(route) { try await rule.check(fixture($0)) }
    }

    @Test("transcripts", arguments: TranscriptContract.rules, Route.allCases)
    func transcripts(rule: ContractRule<StoreFixture>, route: Route) async throws {
        try await TemporaryPostgres.with(route) { try await rule.check(fixture($0)) }
    }

    @Test(
        "the cache's store", arguments: CacheStoreContract.rules + CacheStoreContract.statementRules, Route.allCases)
    func cacheStore(rule: ContractRule<CacheFixture>, route: Route) async throws {
        try await TemporaryPostgres.with(route) { try await rule.check(cacheFixture($0)) }
    }

    @Test("the cache", arguments: CacheContract.rules + CacheContract.statementRules, Route.allCases)
    func cache(rule: ContractRule<CacheFixture>, route: Route) async throws {
        try await TemporaryPostgres.with(route) { try await rule.check(cacheFixture($0)) }
    }

    @Test("metrics", arguments: MetricsContract.rules + MetricsContract.statementRules, Route.allCases)
    func metrics(rule: ContractRule<MetricsFixture>, route: Route) async throws {
        try await TemporaryPostgres.with(route) { temporary in
            try await rule.check(metricsFixture(temporary, retention: MetricRetention.standard))
        }
    }

    @Test("metrics that are not kept for ever", arguments: MetricsContract.retentionRules)
    func retention(rule: ContractRule<MetricsFixture>) async throws {
        try await TemporaryPostgres.with { temporary in
            try await rule.check(metricsFixture(temporary, retention: MetricsFixture.retention))
        }
    }

    private func metricsFixture(_ temporary: TemporaryPostgres, retention: Duration) -> MetricsFixture {
        MetricsFixture(
            PostgresMetricsRepository(temporary.store, retention: retention), clock: temporary.clock,
            statementCount: { temporary.statements.rowStatementCount })
    }

    private func fixture(_ temporary: TemporaryPostgres) -> StoreFixture {
        let store = temporary.store
        return StoreFixture(
            jobs: PostgresJobQueueRepository(store), processings: PostgresProcessingRepository(store),
            transcripts: PostgresTranscriptRepository(store), cache: PostgresCacheStore(store),
            clock: temporary.clock,
            statementCount: { temporary.statements.rowStatementCount },
            skewCounters: { id in
                try await store.execute(
                    "UPDATE \(store.schema).processing_tasks SET completed_chunks = completed_chunks - 1 WHERE id = $1",
                    [.id(id)])
            })
    }

    private func cacheFixture(_ temporary: TemporaryPostgres) -> CacheFixture {
        let store = PostgresCacheStore(temporary.store)
        return CacheFixture(
            cache: TieredCache(store: store, clock: temporary.clock), store: store, clock: temporary.clock,
            statementCount: { temporary.statements.rowStatementCount })
    }
}
