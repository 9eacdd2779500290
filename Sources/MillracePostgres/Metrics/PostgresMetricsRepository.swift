public import MillraceCore

/// What was measured, in PostgreSQL: for stores without a Prometheus.
///
/// Samples that are older than they are kept go as others are written, some with each batch. Samples have the time of the host
/// that measures, as with Prometheus, and so has the question for the latest.
public struct PostgresMetricsRepository: MetricsRepository, MetricDefinitionStore {
    private let store: PostgresStore
    private let retention: Duration

    /// Uses an open store, and keeps samples for so long.
    public init(_ store: PostgresStore, retention: Duration = MetricRetention.standard) {
        self.store = store
        self.retention = retention
    }

    private var now: Timestamp { store.clock?.now() ?? SystemWallClock().now() }

    /// Writes the present values of a collector and keeps its definitions.
    public func save(_ aggregate: MetricsCollector) async throws(StoreError) {
        try await keepDefinitions(of: aggregate)
        let samples = aggregate.samples(at: now)
        do throws(StoreError) {
            try await write(samples)
        } catch {
            aggregate.takeBack(samples)
            throw error
        }
    }

    /// Keeps what the metrics of a collector are.
    public func keepDefinitions(of collector: MetricsCollector) async throws(StoreError) {
        let definitions: JSONText
        do throws(InvalidValue) {
            definitions = try JSONText(encoding: collector.definitions)
        } catch {
            throw StoreError(.invalid, "the store cannot keep these definitions: \(error)", cause: error)
        }
        // Written when it is new, or was not for a day; then those go that nobody saves any more.
        try await store.execute(
            """
            WITH clock AS (SELECT coalesce($3::timestamptz, now()) AS now), kept AS (
                INSERT INTO \(store.schema).metric_collectors AS c (id, definitions, updated_at)
                SELECT $1, $2, now FROM clock
                ON CONFLICT (id) DO UPDATE SET definitions = excluded.definitions, updated_at = excluded.updated_at
                    WHERE c.definitions <> excluded.definitions OR c.updated_at <= excluded.updated_at - interval '1 day'
                RETURNING c.id
            )
            DELETE FROM \(store.schema).metric_collectors AS old USING kept, clock
            WHERE old.updated_at < clock.now - $4::bigint * interval '1 microsecond'
            """, [.id(collector.id), .json(definitions.text), store.now, .microseconds(retention)],
            isIdempotent: true)
    }

    /// A collector with the definitions that were kept, without values.
    public func load(_ id: CollectorID) async throws(StoreError) -> MetricsCollector? {
        let definitions = try await store.rows(
            "SELECT definitions FROM \(store.schema).metric_collectors WHERE id = $1", [.id(id)], isIdempotent: true
        ) { try $0.json([MetricDefinition].self) }.first
        return definitions.map { MetricsCollector(id: id, definitions: $0) }
    }

    /// Forgets the definitions of a collector; samples stay.
    public func delete(_ id: CollectorID) async throws(StoreError) {
        try await store.execute(
            "DELETE FROM \(store.schema).metric_collectors WHERE id = $1", [.id(id)], isIdempotent: true)
    }

    /// Writes samples by one statement, which removes some of the old ones.
    public func write(_ samples: [MetricSample]) async throws(StoreError) {
        guard !samples.isEmpty else { return }
        try await SampleInsert(samples: samples, retention: retention, store: store).run()
    }

    /// The values of each series of a metric at the steps of a range.
    public func queryTimeSeries(
        _ name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricTimeSeries] {
        let steps = try StepValues(answering: range)
        return try await query(name, tags, from: StepValues.reach(of: range), to: range.end).windows(steps).timeSeries()
    }

    /// The greatest present value of all series of a metric.
    public func queryLatest(_ name: MetricName, tags: MetricLabels) async throws(StoreError) -> Double? {
        let latest = LatestValue(at: now)
        return try await query(name, tags, from: latest.reach, to: latest.time).windows(latest).greatest()
    }

    /// A percentile of what a histogram observed within a range.
    public func percentile(
        _ percentile: Percentile, of name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> Double? {
        try await query(name.buckets(), tags, from: range.start, to: range.end)
            .windows(CounterWindow(range)).percentile(percentile)
    }

    /// The series that have a sample within a range.
    public func series(
        of name: MetricName?, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricSeries] {
        try await query(name, tags, from: range.start, to: range.end).series()
    }

    private func query<Name>(
        _ name: Name, _ tags: MetricLabels, from: Timestamp, to: Timestamp
    ) throws(StoreError) -> SampleQuery<Name> {
        SampleQuery(name: name, tags: try SampleInsert.json(tags), from: from, to: to, store: store)
    }
}
