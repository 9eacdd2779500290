import MillraceTesting
import Testing

/// The contract suites of processings and transcripts, over PostgreSQL; each rule has a schema of its own.
@Suite("The PostgreSQL adapters keep the contract of")
struct ProcessingContractTests {
    @Test(
        "processings",
        arguments: ProcessingContract.rules + ProcessingContract.statementRules + ProcessingContract.damageRules,
        FreshStore.Way.allCases)
    func processings(rule: ContractRule<StoreFixture>, way: FreshStore.Way) async throws {
        try await FreshStore.with(way) { try await rule.check($0.fixture) }
    }

    @Test("transcripts", arguments: TranscriptContract.rules, FreshStore.Way.allCases)
    func transcripts(rule: ContractRule<StoreFixture>, way: FreshStore.Way) async throws {
        try await FreshStore.with(way) { try await rule.check($0.fixture) }
    }
}
