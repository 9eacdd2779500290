import Foundation
import MillraceCore
import MillracePrometheus
import MillraceTesting
import TestServers
import Testing

/// The contract suite over the real server that tests share: by a buffer on disk, the sender, and PromQL.
@Suite("The adapter of a real Prometheus keeps the contract of", .timeLimit(.minutes(10)))
struct PrometheusContractTests {
    @Test("metrics", arguments: MetricsContract.rules)
    func metrics(rule: ContractRule<MetricsFixture>) async throws {
        try await SentMetrics.with { try await rule.check($0.fixture) }
    }
}
