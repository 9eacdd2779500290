import MillraceCore
import Synchronization

/// Remembers what is saved and written, and refuses or holds it back when told so; answers no query.
final class WatchedMetrics: MetricsRepository {
    private struct State {
        var saves = 0
        var saved: [MetricSample] = []
        var written: [MetricSample] = []
        var refusal: StoreError?
        var isDeaf = false
    }

    private let state = Mutex(State())
    private let clock: any WallClock

    /// Samples are of the time of a clock.
    init(clock: any WallClock) {
        self.clock = clock
    }

    /// How often something was saved.
    var saves: Int { state.withLock { $0.saves } }
    /// All that was saved, in order.
    var saved: [MetricSample] { state.withLock { $0.saved } }
    /// What was written by itself.
    var written: [MetricSample] { state.withLock { $0.written } }

    /// Refuses everything from now on; nothing more for `nil`.
    func refuse(_ error: StoreError?) {
        state.withLock { $0.refusal = error }
    }

    /// Answers nothing from now on, until the task that asks is cancelled.
    func fallSilent() {
        state.withLock { $0.isDeaf = true }
    }

    func save(_ aggregate: MetricsCollector) async throws(StoreError) {
        try await answer()
        let samples = aggregate.samples(at: clock.now())
        state.withLock { state in
            state.saves += 1
            state.saved += samples
        }
    }

    func write(_ samples: [MetricSample]) async throws(StoreError) {
        try await answer()
        state.withLock { $0.written += samples }
    }

    private func answer() async throws(StoreError) {
        let (refusal, isDeaf) = state.withLock { ($0.refusal, $0.isDeaf) }
        if let refusal { throw refusal }
        guard isDeaf else { return }
        try? await Task.sleep(for: .seconds(100_000))
        throw StoreError(.cancelled, "the task was cancelled")
    }

    func load(_ id: CollectorID) async throws(StoreError) -> MetricsCollector? { nil }

    func delete(_ id: CollectorID) async throws(StoreError) {}

    func queryTimeSeries(
        _ name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricTimeSeries] { [] }

    func queryLatest(_ name: MetricName, tags: MetricLabels) async throws(StoreError) -> Double? { nil }

    func percentile(
        _ percentile: Percentile, of name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> Double? { nil }

    func series(
        of name: MetricName?, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricSeries] { [] }
}
