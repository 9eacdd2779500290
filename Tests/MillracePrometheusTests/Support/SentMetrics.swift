import Foundation
import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePrometheus

/// A repository whose samples go through a buffer on disk and a sender into the Prometheus that tests share.
struct SentMetrics: Sendable {
    let repository: PrometheusMetricsRepository
    let outbox: Outbox
    /// It stands forty minutes ago, so that rules may write later samples too: the server takes none older than an hour.
    let clock: ManualClock
    private let sender: RemoteWriteSender

    /// Runs something with a repository in a folder of its own, while its sender runs.
    static func with<Value: Sendable>(_ body: @Sendable (SentMetrics) async throws -> Value) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "metrics-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let clock = ManualClock(startingAt: PrometheusLab.now - .seconds(40 * 60))
        return try await PrometheusLab.with { lab in
            let outbox = try await Outbox.open(folder: folder, options: OutboxOptions())
            let recorder = RemoteWriteRecorder(outbox)
            let sender = try RemoteWriteSender(
                RemoteWriteConfiguration(lab.client.endpoint), outbox: outbox, collector: nil, onWarning: { _ in })
            let repository = PrometheusMetricsRepository(
                lab.client, definitions: InMemoryMetricsRepository(InMemoryStore(clock: clock)), clock: clock,
                recorder: { recorder })
            let sent = SentMetrics(repository: repository, outbox: outbox, clock: clock, sender: sender)
            let result = await withTaskGroup(of: Void.self) { group in
                group.addTask { await sender.run() }
                let result: Result<Value, any Error>
                do {
                    result = .success(try await body(sent))
                } catch {
                    result = .failure(error)
                }
                group.cancelAll()
                return result
            }
            await outbox.close()
            return try result.get()
        }
    }

    /// For the rules of the contract.
    var fixture: MetricsFixture {
        MetricsFixture(
            repository, clock: clock,
            settle: {
                #expect(await sender.flush(within: .seconds(300)))
                // The server has refused nothing.
                #expect(outbox.accounting.dropped.keys.allSatisfy { $0 == .outOfOrder })
            })
    }
}
