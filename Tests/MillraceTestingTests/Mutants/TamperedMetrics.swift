import MillraceCore

@testable import MillraceTesting

/// A repository of metrics of which single verbs are broken.
struct TamperedMetrics: MetricsRepository {
    let base: any MetricsRepository

    var onSave: (@Sendable (any MetricsRepository, MetricsCollector) async throws -> Void)?
    var onLoad: (@Sendable (any MetricsRepository, CollectorID) async throws -> MetricsCollector?)?
    var onDelete: (@Sendable (any MetricsRepository, CollectorID) async throws -> Void)?
    var onWrite: (@Sendable (any MetricsRepository, [MetricSample]) async throws -> Void)?
    var onTimeSeries:
        (@Sendable (any MetricsRepository, MetricName, TimeRange, MetricLabels) async throws -> [MetricTimeSeries])?
    var onLatest: (@Sendable (any MetricsRepository, MetricName, MetricLabels) async throws -> Double?)?
    var onPercentile:
        (@Sendable (any MetricsRepository, Percentile, MetricName, TimeRange, MetricLabels) async throws -> Double?)?
    var onSeries:
        (@Sendable (any MetricsRepository, MetricName?, TimeRange, MetricLabels) async throws -> [MetricSeries])?

    init(_ base: any MetricsRepository) { self.base = base }

    func save(_ aggregate: MetricsCollector) async throws(StoreError) {
        guard let tampered = onSave else { return try await base.save(aggregate) }
        try await storeError { try await tampered(base, aggregate) }
    }

    func load(_ id: CollectorID) async throws(StoreError) -> MetricsCollector? {
        guard let tampered = onLoad else { return try await base.load(id) }
        return try await storeError { try await tampered(base, id) }
    }

    func delete(_ id: CollectorID) async throws(StoreError) {
        guard let tampered = onDelete else { return try await base.delete(id) }
        try await storeError { try await tampered(base, id) }
    }

    func write(_ samples: [MetricSample]) async throws(StoreError) {
        guard let tampered = onWrite else { return try await base.write(samples) }
        try await storeError { try await tampered(base, samples) }
    }

    func queryTimeSeries(
        _ name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricTimeSeries] {
        guard let tampered = onTimeSeries else { return try await base.queryTimeSeries(name, range: range, tags: tags) }
        return try await storeError { try await tampered(base, name, range, tags) }
    }

    func queryLatest(_ name: MetricName, tags: MetricLabels) async throws(StoreError) -> Double? {
        guard let tampered = onLatest else { return try await base.queryLatest(name, tags: tags) }
        return try await storeError { try await tampered(base, name, tags) }
    }

    func percentile(
        _ percentile: Percentile, of name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> Double? {
        guard let tampered = onPercentile else {
            return try await base.percentile(percentile, of: name, range: range, tags: tags)
        }
        return try await storeError { try await tampered(base, percentile, name, range, tags) }
    }

    func series(
        of name: MetricName?, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricSeries] {
        guard let tampered = onSeries else { return try await base.series(of: name, range: range, tags: tags) }
        return try await storeError { try await tampered(base, name, range, tags) }
    }
}

/// A repository of metrics in memory that a mutant breaks.
struct MetricsLab: Sendable {
    let memory: InMemoryStore
    let clock: ManualClock
    var metrics: TamperedMetrics
    private let seed: UInt64

    init(seed: UInt64 = TestSeed.value) {
        self.seed = seed
        clock = ManualClock()
        memory = InMemoryStore(clock: clock)
        metrics = TamperedMetrics(InMemoryMetricsRepository(memory, retention: MetricsFixture.retention))
    }

    var fixture: MetricsFixture {
        MetricsFixture(metrics, clock: clock, seed: seed, statementCount: { [memory] in memory.passCount })
    }

    /// What the store holds, for mutants that find by rules of their own.
    func samples(of name: MetricName) -> [MetricSeries: [TimestampedValue]] {
        let all = try? memory.step { state, _ in state.metricSamples.filter { $0.key.name == name } }
        return all ?? [:]
    }
}
