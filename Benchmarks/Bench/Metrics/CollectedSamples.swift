import Millrace

/// Samples as a collector gives them, turn by turn, each a tenth of a second later than the one before.
///
/// Times of one's own, so that hours pass in seconds: those of a series only go on.
final class CollectedSamples {
    private let collector: MetricsCollector
    private let gauges: [MetricGauge]
    private let start: Timestamp
    private var turn = 0

    /// Makes the series of one side of a figure, with the first samples a turn after `start`.
    init(side: String, count: Int = BenchSeries.batch, from start: Timestamp) throws {
        let collector = MetricsCollector(id: .make(at: start))
        gauges = try BenchSeries.make(side: side, count: count).map { series in
            try collector.gauge(MetricDefinition(series.name, .gauge), labels: series.labels)
        }
        self.collector = collector
        self.start = start
    }

    /// The samples of the next turn, one of each series.
    func next() -> [MetricSample] {
        turn += 1
        for (index, gauge) in gauges.enumerated() { gauge.set(BenchSeries.value(index, turn: turn)) }
        return collector.samples(at: start + .milliseconds(100 * turn))
    }
}
