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
    /// Where nothing can be kept, as when a folder cannot be used, it says so once and tries again, at last every minute.
    ///
    /// At the end a server has five seconds to take them, and one that was away one second; the rest stays on the disk, and
    /// any other process of the store on this host sends it.
    ///
    /// - Throws: `CancellationError` after a cancellation.
    public func run() async throws {
        guard let place = try await place() else { return }
        do {
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
            tell(error, at: .warning)
            try await gracefulShutdown()
        }
    }

    /// A place among the processes of this host, however long it takes to get one; `nil` after a graceful shutdown before that.
    ///
    /// - Throws: `CancellationError` after a cancellation before that.
    private func place() async throws -> MetricsPlace? {
        var wait = Duration.seconds(1)
        var isTold = false
        while true {
            // A task of its own: what was done before a cancellation is measured all the same.
            switch await Task(operation: takePlace).value {
            case .success(let place): return place
            case .failure(let failure):
                // With a store that fails, whoever works on it says so.
                let isQuiet = isTold || (outlet.server == nil && failure.isOfStore)
                tell(failure.error, at: isQuiet ? .debug : .warning)
                isTold = isTold || !isQuiet
            }
            do {
                try await cancelWhenGracefulShutdown { [wait] in try await Task.sleep(for: wait) }
            } catch {
                try Task.checkCancellation()
                return nil
            }
            wait = min(wait * 2, .seconds(60))
        }
    }

    private struct NoPlace: Error {
        let error: StoreError
        /// Whether it is the store that fails, and not the folder.
        let isOfStore: Bool
    }

    private func takePlace() async -> Result<MetricsPlace, NoPlace> {
        let store: String
        do throws(StoreError) {
            store = try await outlet.storeName()
        } catch {
            return .failure(NoPlace(error: error, isOfStore: true))
        }
        do throws(StoreError) {
            return .success(try await outlet.take(for: store))
        } catch {
            return .failure(NoPlace(error: error, isOfStore: false))
        }
    }

    private func tell(_ error: any Error, at level: Logger.Level) {
        logger.log(level: level, "What is measured is not kept", metadata: ["error": "\(error)"])
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
