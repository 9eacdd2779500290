public import MillraceCore

/// A percentile of what histograms observed in a window, of each group of their series.
///
/// The one way to a percentile: the rates of the buckets, added up by their bound, and interpolated within the bucket that it
/// falls in. Percentiles of percentiles, and of buckets that were added up before their rate was taken, cannot be written.
public struct HistogramQuantile: Hashable, Sendable, CustomStringConvertible {
    /// The query; where nothing was observed it gives NaN, or nothing.
    public let expression: VectorExpression

    /// Asks for a percentile of a histogram, which is named without `_bucket`, of each group of series that have the same
    /// values of these labels; of all series without any.
    ///
    /// - Throws: `InvalidValue` for a name that has no room for its ending, for a condition on `le`, the bound of a bucket, or
    ///   a group by it, and for a label that PromQL cannot group by.
    public init(
        _ percentile: Percentile, of histogram: MetricName, _ matchers: [LabelMatcher] = [], over window: QueryWindow,
        by labels: [LabelName] = []
    ) throws(InvalidValue) {
        guard !matchers.contains(where: { $0.label == .le }), !labels.contains(.le) else {
            throw InvalidValue("percentile of a histogram", "must leave le alone, which it needs itself")
        }
        let buckets = SeriesSelector(try histogram.appending("_bucket"), matchers)
        let rates = VectorExpression.rate(of: buckets, over: window)
        expression = VectorExpression(.quantile(percentile, try rates.sum(by: [.le] + labels).node))
    }

    /// As PromQL writes it.
    public var description: String { expression.description }
}
