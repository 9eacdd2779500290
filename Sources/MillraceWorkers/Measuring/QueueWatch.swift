internal import CoreMetrics
internal import Logging
internal import MillraceCore

/// Shows how many jobs there are, by queue and status, for as long as a worker runs.
///
/// Every worker on a store says the same. What a worker has shown ends with it: its last look would grow old, and be taken
/// for the present.
struct QueueWatch: Sendable {
    /// How often the store is asked, which costs no more for many jobs than for few.
    static let interval = Duration.seconds(5)

    private typealias Shown = [String: [Meter]]

    private let jobs: any JobQueueRepository
    private let factory: any MetricsFactory
    private let logger: Logger

    init(_ jobs: any JobQueueRepository, in factory: any MetricsFactory, logger: Logger) {
        self.jobs = jobs
        self.factory = factory
        self.logger = logger
    }

    /// Looks until the task is cancelled. By the host's clock, whatever the leases go by: nothing depends on it.
    func run() async throws {
        var shown: Shown = [:]
        defer { show([:], insteadOf: &shown) }
        while true {
            do throws(StoreError) {
                show(Self.bounded(try await jobs.jobStats()), insteadOf: &shown)
            } catch {
                // No numbers are better than old ones.
                show([:], insteadOf: &shown)
                logger.debug("The queues could not be counted", metadata: ["error": "\(error)"])
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    /// Shows these numbers, and no more of queues that are gone.
    private func show(_ stats: [String: JobStats], insteadOf shown: inout Shown) {
        for (queue, meters) in shown where stats[queue] == nil {
            for meter in meters { meter.destroy() }
        }
        // Made anew each time: another worker of this process may have ended, and what it showed with it.
        shown = stats.reduce(into: [:]) { $0[$1.key] = meters(of: $1.key, $1.value) }
    }

    private func meters(of queue: String, _ stats: JobStats) -> [Meter] {
        func meter(_ metric: MeasuredMetric, _ dimensions: [(String, String)], _ value: Double) -> Meter {
            let meter = Meter(label: metric.name, dimensions: dimensions, factory: factory)
            meter.set(value)
            return meter
        }
        let depth = MillraceMetrics.queueDepth
        let age = MillraceMetrics.oldestQueued
        return JobStatus.allCases.map { status in
            meter(depth, depth.dimensions(queue, status.rawValue), Double(stats[status]))
        } + [meter(age, age.dimensions(queue), stats.oldestQueuedAge?.inSeconds ?? 0)]
    }

    /// The numbers by the names of queues; those beyond a bound, in the order of their names, are put together.
    static func bounded(_ stats: [QueueName: JobStats]) -> [String: JobStats] {
        let others = MillraceMetrics.others
        let namesake = stats.filter { $0.key.name == others }.map(\.value)
        let named = stats.filter { $0.key.name != others }.sorted { $0.key.name < $1.key.name }
        var bounded = Dictionary(
            uniqueKeysWithValues: named.prefix(MillraceMetrics.mostQueues).map { ($0.key.name, $0.value) })
        let rest = named.dropFirst(MillraceMetrics.mostQueues).map(\.value) + namesake
        guard !rest.isEmpty else { return bounded }
        bounded[others] = JobStats(
            counts: rest.reduce(into: [:]) { $0.merge($1.counts, uniquingKeysWith: +) },
            oldestQueuedAge: rest.compactMap(\.oldestQueuedAge).max())
        return bounded
    }
}
