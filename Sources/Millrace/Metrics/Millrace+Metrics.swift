internal import Logging
public import MillraceCore
public import MillracePrometheus

extension Millrace {
    /// Makes a service that keeps what a collector measures, in the store or, where there is one, in the Prometheus server.
    ///
    /// The collector gets the labels `job`, `instance` and `store`, by which its series differ from those of all other
    /// processes. `onWarning` is told when the server takes nothing or refuses something.
    public func metricsService(
        _ collector: MetricsCollector, onWarning: (@Sendable (RemoteWriteWarning) -> Void)? = nil
    ) -> MetricsService {
        MetricsService(
            collector, to: factory.outlet,
            onWarning: onWarning ?? { [logger] warning in
                // One of few sentences, which never change.
                logger.warning(.init(stringLiteral: warning.message), metadata: ["reason": "\(warning.reason)"])
            },
            logger: logger)
    }

    /// Does something, and keeps meanwhile what a collector measures, to the last value.
    ///
    /// - Throws: what `body` throws, and nothing else.
    public func measuring<Value>(
        _ collector: MetricsCollector, _ body: () async throws -> Value
    ) async throws -> Value {
        let service = metricsService(collector)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            // What it throws can only be that it was cancelled.
            group.addTask { try? await service.run() }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    /// What the series of this store are called by in a Prometheus server, by their label `store`; `nil` where metrics are kept
    /// in the store itself, which has no others.
    ///
    /// - Throws: what the store throws.
    package func metricsStoreName() async throws(StoreError) -> String? {
        factory.outlet.server == nil ? nil : try await factory.outlet.storeName()
    }

    /// What waits on the disk of this host for a Prometheus server, of each process that ever measured over this store, and
    /// what became of the rest.
    ///
    /// - Throws: `unavailable` when a file cannot be read.
    public func outboxes() async throws(StoreError) -> [OutboxReport] {
        try await factory.outlet.reports()
    }
}
