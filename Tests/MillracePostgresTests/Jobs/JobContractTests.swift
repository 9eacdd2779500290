import MillraceTesting
import Testing

/// The contract suite of jobs, over PostgreSQL; each rule has a schema of its own.
@Suite("The PostgreSQL adapter keeps the contract of")
struct JobContractTests {
    @Test("jobs", arguments: JobQueueContract.rules + JobQueueContract.statementRules, FreshStore.Way.allCases)
    func jobs(rule: ContractRule<StoreFixture>, way: FreshStore.Way) async throws {
        try await JobPlace.with(way) { try await rule.check($0.fixture) }
    }
}
