import MillraceTesting
import Testing

@Suite struct InMemoryContractTests {
    @Test(arguments: JobQueueContract.rules + JobQueueContract.statementRules)
    func jobs(rule: ContractRule<StoreFixture>) async throws {
        try await rule.check(.inMemory())
    }

    @Test(
        arguments: ProcessingContract.rules + ProcessingContract.damageRules + ProcessingContract.statementRules)
    func processings(rule: ContractRule<StoreFixture>) async throws {
        try await rule.check(.inMemory())
    }
}
