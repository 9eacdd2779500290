import MillraceTesting
import Testing

@Suite struct InMemoryContractTests {
    @Test(arguments: JobQueueContract.rules + JobQueueContract.statementRules)
    func jobs(rule: ContractRule<StoreFixture>) async throws {
        try await rule.check(.inMemory())
    }

    @Test(arguments: JobQueueContract.rules)
    func `jobs whose ends are told of`(rule: ContractRule<StoreFixture>) async throws {
        var lab = StoreLab()
        lab.tellEnds()
        try await rule.check(lab.fixture)
    }

    @Test(
        arguments: ProcessingContract.rules + ProcessingContract.damageRules + ProcessingContract.statementRules)
    func processings(rule: ContractRule<StoreFixture>) async throws {
        try await rule.check(.inMemory())
    }

    @Test(arguments: TranscriptContract.rules)
    func transcripts(rule: ContractRule<StoreFixture>) async throws {
        try await rule.check(.inMemory())
    }

    @Test(arguments: CacheStoreContract.rules + CacheStoreContract.statementRules)
    func cacheStore(rule: ContractRule<CacheFixture>) async throws {
        try await rule.check(.inMemory())
    }

    @Test(arguments: CacheContract.rules + CacheContract.statementRules)
    func cache(rule: ContractRule<CacheFixture>) async throws {
        try await rule.check(.inMemory())
    }

    @Test(arguments: MetricsContract.rules + MetricsContract.statementRules)
    func metrics(rule: ContractRule<MetricsFixture>) async throws {
        try await rule.check(.inMemory())
    }

    @Test(arguments: MetricsContract.retentionRules)
    func `metrics that are not kept for ever`(rule: ContractRule<MetricsFixture>) async throws {
        try await rule.check(.inMemory(retention: MetricsFixture.retention))
    }

    @Test(arguments: SharedTierContract.rules)
    func sharedTier(rule: ContractRule<SharedTierFixture>) async throws {
        let clock = ManualClock()
        let tier = InMemorySharedTier(clock: clock)
        try await rule.check(
            SharedTierFixture(tier: tier, other: InMemorySharedTier(clock: clock)) { number in
                tier.loseJournal()
                return number == 0
            })
    }
}
