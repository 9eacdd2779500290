/// Keeps what was measured, and answers for it.
///
/// `save` writes the present value of each series of a collector, and keeps its definitions; `load` gives them back, in a
/// collector that has no values, and `delete` forgets them: neither touches a sample.
///
/// Queries by tags look at the series that have all of these labels, whatever others they have. Answers follow Prometheus:
/// the value of a series at a time is its newest sample of the five minutes up to it, and none when that says that the series
/// has ended. No data is `nil` or an empty list, never zero.
public protocol MetricsRepository: Repository where Aggregate == MetricsCollector {
    /// Writes samples, as one batch.
    ///
    /// When it returns they survive the end of this process. The samples of a series must be newer than those written
    /// before; what is not may be left out, and is counted where it is.
    ///
    /// - Throws: `full` or `unavailable` when they cannot be kept.
    func write(_ samples: [MetricSample]) async throws(StoreError)

    /// The values of each series of a metric at the steps of a range; ordered by their labels. Series without a value are
    /// left out.
    ///
    /// For histograms ask for their series: `name_bucket`, `name_sum`, `name_count`.
    func queryTimeSeries(
        _ name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricTimeSeries]

    /// The greatest present value of all series of a metric; `nil` when none has one.
    func queryLatest(_ name: MetricName, tags: MetricLabels) async throws(StoreError) -> Double?

    /// A percentile of what a histogram observed within a range: interpolated within its bucket, and the greatest bound when
    /// it lies beyond; `nil` when nothing was observed, or there are fewer than two samples of it.
    ///
    /// `name` is that of the histogram, without ending. The step of the range does not matter.
    func percentile(
        _ percentile: Percentile, of name: MetricName, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> Double?

    /// The series that have a sample within a range, ordered by name and labels; of one metric, or of all for `nil`.
    func series(
        of name: MetricName?, range: TimeRange, tags: MetricLabels
    ) async throws(StoreError) -> [MetricSeries]
}
