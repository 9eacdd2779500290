public import Logging
public import MillraceCore
public import ServiceLifecycle

/// Keeps what a process measures: saves the present values of a collector every few seconds, and at the end once more, with a
/// marker for each series that says that it ends.
///
/// Nothing that is measured depends on it: what cannot be kept is said once, and tried again with the next values.
public struct MetricsReporter: Service {
    /// How often values are saved unless told otherwise.
    public static let standardInterval = Duration.seconds(5)
    /// How long the last values count, which no query for steps of a second or more can miss then. A process that has the
    /// same series must not begin before that.
    public static let farewell = Duration.seconds(1)
    /// How long the last values may take, when the store does not answer.
    static let patience = Duration.seconds(5)

    private let collector: MetricsCollector
    private let repository: any MetricsRepository
    private let interval: Duration
    private let clock: any WallClock
    private let time: MonotonicTime
    private let trouble: MetricsTrouble

    /// Makes a service that does nothing until ``run()``.
    ///
    /// `isQuiet` is for a repository in the store that others work on, and who say what ails it: it is only logged at debug
    /// then.
    public init(
        _ collector: MetricsCollector, to repository: any MetricsRepository,
        every interval: Duration = standardInterval,
        isQuiet: Bool = false,
        clock: any WallClock = SystemWallClock(), time: MonotonicTime = MonotonicTime(ContinuousClock()),
        logger: Logger
    ) {
        self.collector = collector
        self.repository = repository
        self.interval = interval
        self.clock = clock
        self.time = time
        trouble = MetricsTrouble(isQuiet: isQuiet, logger: logger)
    }

    /// Goes on until a graceful shutdown or until its task is cancelled; the last values are saved by then, unless that takes
    /// longer than five seconds.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    try await time.sleep(for: interval)
                    await attempt { () throws(StoreError) in try await repository.save(collector) }
                }
            }
        } catch is CancellationError {
            // A task of its own, because a store refuses a task that is cancelled.
            await Task { await end() }.value
        }
        try Task.checkCancellation()
    }

    private func end() async {
        await time.limit(Self.patience) {
            await attempt { () throws(StoreError) in
                try await repository.save(collector)
                try await repository.write(collector.staleMarkers(at: clock.now() + Self.farewell))
            }
        }
    }

    private func attempt(_ body: () async throws(StoreError) -> Void) async {
        do throws(StoreError) {
            try await body()
            trouble.end()
        } catch {
            trouble.note(error)
        }
    }
}
