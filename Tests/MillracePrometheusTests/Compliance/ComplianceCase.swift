import MillraceCore
import MillracePrometheus
import TestServers
import Testing

/// A case of the compliance suite: what is measured, how the receiver behaves, and what must have come of it.
struct ComplianceCase: Sendable, CustomTestStringConvertible {
    /// The name that the suites of Prometheus give it.
    let name: String
    /// What is given to the sender; each list is sent before the next is given.
    let batches: [[MetricSample]]
    /// What the receiver answers.
    var answer: ComplianceReceiver.Answer = { _, _ in HTTPTestAnswer(status: 204) }
    /// How the environment of the sender differs.
    var environment: [String: String] = [:]
    /// What is behind the address, as `?timeout=1s`.
    var options = ""
    /// What must have come, besides what every request must be; says what is wrong.
    var check: @Sendable (ComplianceReceiver) -> [String] = { _ in [] }
    /// Samples of these lists are to be refused, and the others taken; `nil` for those that are all to be taken.
    var refused: Set<Int> = []

    var testDescription: String { name }

    /// Runs the case with a sender, which is given the address.
    ///
    /// - Returns: what is wrong.
    func violations(
        of send: @escaping @Sendable (ComplianceCase, String) async throws -> Void
    ) async throws -> [String] {
        let receiver = ComplianceReceiver(answer)
        return try await HTTPTestServer.with {
            await receiver.receive($0)
        } body: { server in
            try await send(self, server.url + options)
            return ComplianceRules.violations(receiver.requests) + arrival(receiver) + check(receiver)
        }
    }

    /// Everything is taken that is to be, once, as it was; nothing else.
    private func arrival(_ receiver: ComplianceReceiver) -> [String] {
        var expected: [String: [(value: UInt64, time: Int64)]] = [:]
        for (number, batch) in batches.enumerated() where !refused.contains(number) {
            for sample in batch {
                expected[ComplianceReceiver.name(of: sample.series), default: []].append(
                    (sample.value.bitPattern, SeriesEncoder.milliseconds(of: sample.time)))
            }
        }
        let taken = receiver.taken
        return Set(expected.keys).union(taken.keys).compactMap { series in
            let (wanted, came) = (expected[series] ?? [], taken[series] ?? [])
            return wanted.elementsEqual(came, by: ==)
                ? nil : "\(series): \(came.count) came, not the \(wanted.count)"
        }
    }
}
