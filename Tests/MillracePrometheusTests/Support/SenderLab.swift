import MillraceCore
import MillracePrometheus
import MillraceTesting
import Testing

/// A sender and its outbox.
enum SenderLab {
    /// Sends what a case wants sent, through recorder, outbox and sender.
    @Sendable static func deliver(_ complianceCase: ComplianceCase, to url: String) async throws {
        let endpoint = try PrometheusEndpoint(url, environment: complianceCase.environment)
        let configuration = try RemoteWriteConfiguration(
            endpoint, batchDeadline: .zero,
            retry: RetrySettings(firstBackoff: .milliseconds(1), longestBackoff: .milliseconds(10)))
        try await with(configuration) { outbox, sender in
            let recorder = RemoteWriteRecorder(outbox)
            for batch in complianceCase.batches {
                try await recorder.record(batch)
                let isEmpty = await sender.flush(within: .seconds(120))
                #expect(isEmpty)
            }
            let refused = complianceCase.refused.reduce(0) { $0 + complianceCase.batches[$1].count }
            #expect(outbox.accounting.isBalanced)
            #expect(outbox.accounting.acknowledged == complianceCase.batches.joined().count - refused)
            #expect(outbox.accounting.dropped[.rejected, default: 0] == refused)
        }
    }

    /// Runs something beside a sender over an outbox in a folder of its own.
    static func with<Value: Sendable>(
        _ configuration: RemoteWriteConfiguration, options: OutboxOptions = OutboxOptions(),
        folder: TemporaryOutboxFolder? = nil, collector: MetricsCollector? = nil,
        clock: ManualClock? = nil,
        onWarning: @escaping @Sendable (RemoteWriteWarning) -> Void = { _ in },
        _ body: @Sendable (Outbox, RemoteWriteSender) async throws -> Value
    ) async throws -> Value {
        let folder = try folder ?? TemporaryOutboxFolder()
        let outbox = try await Outbox.open(folder: folder.path, options: options)
        let sender =
            if let clock {
                try RemoteWriteSender(
                    configuration, outbox: outbox, collector: collector, time: MonotonicTime(clock),
                    clock: clock,
                    onWarning: onWarning)
            } else {
                try RemoteWriteSender(
                    configuration, outbox: outbox, collector: collector, onWarning: onWarning)
            }
        let result = await withTaskGroup(of: Void.self) { group in
            group.addTask { await sender.run() }
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(outbox, sender))
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            return result
        }
        await outbox.close()
        return try withExtendedLifetime(folder) { try result.get() }
    }
}
