/// The values of one series, oldest first, no two at one time.
public struct MetricTimeSeries: Hashable, Sendable {
    /// Whose values they are.
    public let series: MetricSeries
    /// The values, each at a step of the range that was asked for; steps without a value are left out.
    public let values: [TimestampedValue]

    /// Gathers the values of a series.
    public init(_ series: MetricSeries, _ values: [TimestampedValue]) {
        self.series = series
        self.values = values
    }
}
