internal import GRDB
public import MillraceCore

/// What was measured, in a SQLite file: for stores without a Prometheus.
///
/// Samples that are older than they are kept go as others are written, some with each batch.
public struct SQLiteMetricsRepository: MetricsRepository, MetricDefinitionStore {
    private let store: SQLiteStore
    private let retention: Duration

    /// Uses an open store, and keeps samples for so long.
    public init(_ store: SQLiteStore, retention: Duration = MetricRetention.standard) {
        self.store = store
        self.retention = retention
    }

    /// Writes the present values of a collector and keeps its definitions, in one transaction.
    public func save(_ aggregate: MetricsCollector) async throws(StoreError) {
        let now = store.clock.now()
        let row = try CollectorRow(aggregate, at: now)
        let samples = aggregate.samples(at: now)
        do throws(StoreError) {
            let insert = try SampleInsert(samples)
            let cleaning = cleaning(at: now)
            try await store.write { db in
                try row.write(in: db, forgettingThoseBefore: cleaning.cutoff)
                try insert.run(in: db)
                try cleaning.run(with: insert.count, in: db)
            }
        } catch {
            aggregate.takeBack(samples)
            throw error
        }
    }

    /// Keeps what the metrics of a collector are.
    public func keepDefinitions(of collector: MetricsCollector) async throws(StoreError) {
        let now = store.clock.now()
        let row = try CollectorRow(collector, at: now)
        let cutoff = cleaning(at: now).cutoff
        try await store.write { db in try row.write(in: db, forgettingThoseBefore: cutoff) }
    }

    /// A collector with the definitions that were kept, without values.
    public func load(_ id: CollectorID) async throws(StoreError) -> MetricsCollector? {
        let definitions = try await store.read { db in
            try db.rows("SELECT definitions FROM metric_collectors WHERE id = ?", [id.sql]) {
                try $0.json([MetricDefinition].self)
            }.first
        }
        return definitions.map { MetricsCollector(id: id, definitions: $0) }
    }

    /// Forgets the definitions of a collector; samples stay.
    public func delete(_ id: CollectorID) async throws(StoreError) {
        try await store.write { db in
            _ = try db.run("DELETE FROM metric_collectors WHERE id = ?", [id.sql])
        }
    }

    /// Writes samples, and removes some of the old ones.
    public func write(_ samples: [MetricSample]) async throws(StoreError) {
        guard !samples.isEmpty else { return }
        let insert = try SampleInsert(samples)
        let cleaning = cleaning(at: store.clock.now())
        try await store.write { db in
            try insert.run(in: db)
            try cleaning.run(with: insert.count, in: db)
        }
    }

    /// The values of each series of a metric at the steps of a range.
    public func queryTimeSeries(
        _ name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricTimeSeries] {
        let steps = try StepValues(answering: range)
        let query = SampleQuery(name: name, tags: try json(tags), from: StepValues.reach(of: range), to: range.end)
        return try await store.read { db in try query.windows(steps, in: db).timeSeries() }
    }

    /// The greatest present value of all series of a metric.
    public func queryLatest(_ name: MetricName, tags: MetricLabels) async throws(StoreError) -> Double? {
        let latest = LatestValue(at: store.clock.now())
        let query = SampleQuery(name: name, tags: try json(tags), from: latest.reach, to: latest.time)
        return try await store.read { db in try query.windows(latest, in: db).greatest() }
    }

    /// A percentile of what a histogram observed within a range.
    public func percentile(
        _ percentile: Percentile, of name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> Double? {
        let query = SampleQuery(name: try name.buckets(), tags: try json(tags), from: range.start, to: range.end)
        return try await store.read { db in
            try query.windows(CounterWindow(range), in: db).percentile(percentile)
        }
    }

    /// The series that have a sample within a range.
    public func series(
        of name: MetricName?, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricSeries] {
        let query = SampleQuery(name: name, tags: try json(tags), from: range.start, to: range.end)
        return try await store.read { db in try query.series(in: db) }
    }

    private func cleaning(at now: Timestamp) -> SampleCleaning { SampleCleaning(cutoff: now - retention) }

    private func json(_ tags: MetricLabels) throws(StoreError) -> String { try SampleInsert.json(tags) }
}
