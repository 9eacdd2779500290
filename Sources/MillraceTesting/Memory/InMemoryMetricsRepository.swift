public import MillraceCore

/// What was measured, in memory, for tests and for programs that need no durability.
public struct InMemoryMetricsRepository: MetricsRepository, MetricDefinitionStore {
    private let store: InMemoryStore
    private let retention: Duration

    /// Makes a repository over a store, which others may share. Samples that are older than `retention` go with the next
    /// write.
    public init(_ store: InMemoryStore, retention: Duration = MetricRetention.standard) {
        self.store = store
        self.retention = retention
    }

    /// See the port.
    public func save(_ aggregate: MetricsCollector) async throws(StoreError) {
        try store.step { state, now in
            state.metricDefinitions[aggregate.id] = aggregate.definitions
            state.writeSamples(aggregate.samples(at: now), keeping: retention, at: now)
        }
    }

    /// See the port.
    public func keepDefinitions(of collector: MetricsCollector) async throws(StoreError) {
        try store.step { state, _ in state.metricDefinitions[collector.id] = collector.definitions }
    }

    /// See the port.
    public func load(_ id: CollectorID) async throws(StoreError) -> MetricsCollector? {
        try store.step { state, _ in
            state.metricDefinitions[id].map { MetricsCollector(id: id, definitions: $0) }
        }
    }

    /// See the port.
    public func delete(_ id: CollectorID) async throws(StoreError) {
        try store.step { state, _ in state.metricDefinitions[id] = nil }
    }

    /// See the port.
    public func write(_ samples: [MetricSample]) async throws(StoreError) {
        try store.step { state, now in state.writeSamples(samples, keeping: retention, at: now) }
    }

    /// See the port.
    public func queryTimeSeries(
        _ name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricTimeSeries] {
        let steps = try StepValues(answering: range)
        return try store.step { state, _ in state.metricWindows(of: name, tags, each: steps).timeSeries() }
    }

    /// See the port.
    public func queryLatest(_ name: MetricName, tags: MetricLabels) async throws(StoreError) -> Double? {
        try store.step { state, now in state.metricWindows(of: name, tags, each: LatestValue(at: now)).greatest() }
    }

    /// See the port.
    public func percentile(
        _ percentile: Percentile, of name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> Double? {
        let buckets = try name.buckets()
        return try store.step { state, _ in
            state.metricWindows(of: buckets, tags, each: CounterWindow(range)).percentile(percentile)
        }
    }

    /// See the port.
    public func series(
        of name: MetricName?, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricSeries] {
        try store.step { state, _ in state.metricSeries(of: name, range, tags) }
    }
}
