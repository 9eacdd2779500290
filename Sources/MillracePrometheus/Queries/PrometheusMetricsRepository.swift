public import MillraceCore
internal import Synchronization

/// Keeps what was measured in a Prometheus: samples go out by remote write, and questions come in as PromQL.
///
/// What was written can be found when the sender has delivered it. Prometheus keeps no definitions: they go to a store of
/// their own.
public final class PrometheusMetricsRepository: MetricsRepository {
    private struct Kept {
        var definitions: [MetricDefinition]
        var time: Timestamp
    }

    /// Definitions that have not changed are kept again so often, for stores forget what is not.
    private static let keepInterval = Duration.seconds(3_600)

    private let client: PrometheusClient
    private let definitions: any MetricDefinitionStore
    private let recorder: @Sendable () async throws(StoreError) -> RemoteWriteRecorder
    private let clock: any WallClock
    private let warn: @Sendable (String) -> Void
    private let kept = Mutex<[CollectorID: Kept]>([:])

    /// Makes a repository.
    ///
    /// The recorder is asked for when something is written: who only asks questions needs no buffer on a disk. The clock is
    /// that of samples of a collector, and says what is present. `warn` is told what a server warns of in an answer, as that
    /// it is not complete.
    public init(
        _ client: PrometheusClient, definitions: any MetricDefinitionStore, clock: any WallClock = SystemWallClock(),
        warn: @escaping @Sendable (String) -> Void = { _ in },
        recorder: @escaping @Sendable () async throws(StoreError) -> RemoteWriteRecorder
    ) {
        self.client = client
        self.definitions = definitions
        self.recorder = recorder
        self.clock = clock
        self.warn = warn
    }

    // MARK: - Writing

    /// See the port: samples are as safe as the recorder's buffer makes them, and the definitions follow them.
    public func save(_ aggregate: MetricsCollector) async throws(StoreError) {
        let now = clock.now()
        let samples = aggregate.samples(at: now)
        do throws(StoreError) {
            try await write(samples)
        } catch {
            let lost = aggregate.takeBack(samples)
            if lost > 0 { try? await recorder().outbox.reject(lost, reason: .overflow) }
            throw error
        }
        let known = aggregate.definitions
        let isKept = kept.withLock { kept in
            guard let last = kept[aggregate.id] else { return false }
            return last.definitions == known && now < last.time + Self.keepInterval
        }
        guard !isKept else { return }
        try await definitions.keepDefinitions(of: aggregate)
        kept.withLock { $0[aggregate.id] = Kept(definitions: known, time: now) }
    }

    /// See the port.
    public func write(_ samples: [MetricSample]) async throws(StoreError) {
        guard !samples.isEmpty else { return }
        try await recorder().record(samples)
    }

    // MARK: - Definitions

    /// See the port.
    public func load(_ id: CollectorID) async throws(StoreError) -> MetricsCollector? {
        try await definitions.load(id)
    }

    /// See the port.
    public func delete(_ id: CollectorID) async throws(StoreError) {
        kept.withLock { $0[id] = nil }
        try await definitions.delete(id)
    }

    // MARK: - Asking

    /// See the port: ranges of more steps than a server answers at once are asked for in parts.
    public func queryTimeSeries(
        _ name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricTimeSeries] {
        let answer = try await client.query(VectorExpression(SeriesSelector(name, labels: tags)), over: range)
        guard case .matrix(let found) = result(of: answer) else { return [] }
        return found.compactMap { found in found.labels.series.map { MetricTimeSeries($0, found.samples) } }
            .sorted { $0.series < $1.series }
    }

    /// See the port.
    public func queryLatest(_ name: MetricName, tags: MetricLabels) async throws(StoreError) -> Double? {
        let greatest = VectorExpression(SeriesSelector(name, labels: tags)).greatest
        return result(of: try await client.query(greatest, at: clock.now())).number
    }

    /// See the port: computed by Prometheus, from the rates of the buckets within the range.
    public func percentile(
        _ percentile: Percentile, of name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> Double? {
        // One bucket alone has none.
        if tags[.le] != nil { return nil }
        let quantile = try valid { () throws(InvalidValue) in
            try HistogramQuantile(
                percentile, of: name, SeriesSelector(name, labels: tags).matchers, over: QueryWindow(range))
        }
        return result(of: try await client.query(quantile.expression, at: range.end)).number
    }

    /// See the port: series of other senders whose names Millrace does not use are left out.
    public func series(
        of name: MetricName?, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricSeries] {
        // The API's own list also has series that ended before the range.
        let window = try valid { () throws(InvalidValue) in try QueryWindow(range) }
        let samples = VectorExpression.last(of: SeriesSelector(name, labels: tags), over: window)
        let answer = try await client.query(samples, at: range.end)
        guard case .vector(let found) = result(of: answer) else { return [] }
        return found.compactMap(\.labels.series).sorted()
    }

    private func result(of answer: QueryAnswer) -> QueryResult {
        answer.warnings.forEach(warn)
        return answer.result
    }

    private func valid<Value>(_ body: () throws(InvalidValue) -> Value) throws(StoreError) -> Value {
        do throws(InvalidValue) {
            return try body()
        } catch {
            throw StoreError(.invalid, error.description, cause: error)
        }
    }
}
