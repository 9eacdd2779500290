internal import CoreMetrics
internal import Logging
internal import MillraceCore

/// Shows how many jobs there are, by queue and status, for as long as a worker runs: in every queue of the store, and in those
/// of the worker, of which the store may not know yet.
///
/// Every worker on a store says the same. What a worker has shown ends with it: its last look would grow old, and be taken
/// for the present.
struct QueueWatch: Sendable {
    /// How often the store is asked, which costs no more for many jobs than for few.
    static let interval = Duration.seconds(5)

    private struct Handles {
        let depths: [(status: JobStatus, meter: Meter)]
        let age: Meter

        init(of queue: String, in factory: any MetricsFactory) {
            let (depth, oldest) = (MillraceMetrics.queueDepth, MillraceMetrics.oldestQueued)
            depths = JobStatus.allCases.map { status in
                let dimensions = depth.dimensions(queue, status.rawValue)
                return (status, Meter(label: depth.name, dimensions: dimensions, factory: factory))
            }
            age = Meter(label: oldest.name, dimensions: oldest.dimensions(queue), factory: factory)
        }

        func set(_ stats: JobStats) {
            for (status, meter) in depths { meter.set(stats[status]) }
            age.set(stats.oldestQueuedAge?.inSeconds ?? 0)
        }

        func destroy() {
            for (_, meter) in depths { meter.destroy() }
            age.destroy()
        }
    }

    private let jobs: any JobQueueRepository
    private let ownQueues: [QueueName]
    private let factory: any MetricsFactory
    private let logger: Logger

    init(_ jobs: any JobQueueRepository, of queues: [QueueName], in factory: any MetricsFactory, logger: Logger) {
        self.jobs = jobs
        ownQueues = queues
        self.factory = factory
        self.logger = logger
    }

    /// Looks until the task is cancelled. By the host's clock, whatever the leases go by: nothing depends on it.
    func run() async throws {
        var shown: [String: Handles] = [:]
        defer { show([:], insteadOf: &shown) }
        while true {
            do throws(StoreError) {
                var stats = try await jobs.jobStats()
                for queue in ownQueues where stats[queue] == nil {
                    stats[queue] = JobStats(counts: [:], oldestQueuedAge: nil)
                }
                show(Self.bounded(stats), insteadOf: &shown)
            } catch {
                // No numbers are better than old ones.
                show([:], insteadOf: &shown)
                logger.debug("The queues could not be counted", metadata: ["error": "\(error)"])
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    /// Shows these numbers, and no more of queues that are gone.
    private func show(_ stats: [String: JobStats], insteadOf shown: inout [String: Handles]) {
        for (queue, handles) in shown where stats[queue] == nil {
            handles.destroy()
            shown[queue] = nil
        }
        for (queue, stats) in stats {
            let handles = shown[queue] ?? Handles(of: queue, in: factory)
            handles.set(stats)
            shown[queue] = handles
        }
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
