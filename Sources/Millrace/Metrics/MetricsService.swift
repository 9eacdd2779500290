internal import Logging
internal import MillraceCore
internal import MillracePrometheus
internal import MillraceWorkers
public import ServiceLifecycle

/// Keeps what a process measures, and sends it where there is a Prometheus; see ``Millrace/metricsService(_:onWarning:)``.
///
/// No work depends on it: what goes wrong is told, and the service goes on.
public struct MetricsService: Service {
    /// How often values are saved into the store, where each takes far more room than in a Prometheus server.
    private static let tableInterval = Duration.seconds(15)
    /// For how long those that do not change are not saved into it again.
    private static let tablePause = Duration.seconds(180)
    /// How long what was measured last may take to a server that answers.
    private static let flushTime = Duration.seconds(5)
    /// The same for one that did not answer before; what it does not take stays on the disk for other processes.
    private static let shortFlushTime = Duration.seconds(1)

    private let collector: MetricsCollector
    private let outlet: MetricsOutlet
    private let onWarning: (@Sendable (RemoteWriteWarning) -> Void)?
    private let logger: Logger

    init(
        _ collector: MetricsCollector, to outlet: MetricsOutlet,
        onWarning: (@Sendable (RemoteWriteWarning) -> Void)?, logger: Logger
    ) {
        self.collector = collector
        self.outlet = outlet
        self.onWarning = onWarning
        self.logger = logger
    }

    /// Saves every five seconds, into the store what has changed every fifteen, until a graceful shutdown or until its task is
    /// cancelled, and then the last values with the end of each series.
    ///
    /// At the end a server has five seconds to take them, and one that was away one second; the rest stays on the disk, and
    /// any other process of the store on this host sends it.
    ///
    /// - Throws: `CancellationError` after a cancellation.
    public func run() async throws {
        do {
            // A task of its own: what was done before a cancellation is measured all the same.
            let place = try await Task { try await outlet.take() }.value
            collector.constantLabels = try place.labels()
            collector.repetitionPause = outlet.server == nil ? Self.tablePause : nil
            // The next process in the place is not to begin before the markers of this one.
            defer { place.rest(until: SystemWallClock().now() + MetricsReporter.farewell) }
            if case .log(let outbox) = place.holder, let endpoint = outlet.server?.endpoint {
                try await report(to: outbox, for: endpoint)
            } else {
                try await reporter.run()
            }
        } catch let error where !(error is CancellationError) {
            // With a store that fails, whoever works on it says so.
            let level: Logger.Level = outlet.server == nil ? .debug : .warning
            logger.log(level: level, "What is measured is not kept", metadata: ["error": "\(error)"])
            try await gracefulShutdown()
        }
    }

    private var reporter: MetricsReporter {
        guard outlet.server == nil else { return MetricsReporter(collector, to: outlet.repository, logger: logger) }
        return MetricsReporter(
            collector, to: outlet.repository, every: Self.tableInterval, isQuiet: true, logger: logger)
    }

    private static func flush(_ sender: RemoteWriteSender, wasAway: StopSignal) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await sender.flush(within: flushTime) }
            group.addTask {
                await wasAway.wait()
                try? await Task.sleep(for: shortFlushTime)
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func report(to outbox: Outbox, for endpoint: PrometheusEndpoint) async throws {
        let onWarning = onWarning
        let wasAway = StopSignal()
        let sender = try RemoteWriteSender(
            RemoteWriteConfiguration(endpoint), outbox: outbox, collector: collector
        ) { warning in
            wasAway.raise()
            onWarning?(warning)
        }
        // A task of its own, because it sends what the reporter says last, which is after a cancellation.
        let sending = Task { await sender.run() }
        let result: Result<Void, any Error>
        do {
            result = .success(try await reporter.run())
        } catch {
            result = .failure(error)
        }
        await Task { await Self.flush(sender, wasAway: wasAway) }.value
        sending.cancel()
        await sending.value
        try result.get()
    }
}
