/// What a series is measured through: a counter, a gauge, a histogram or a timer of a collector.
///
/// Made once and kept. It may be used from any thread, and does no harm after its series has been removed.
public protocol MetricHandle: Sendable {
    /// The name of the metric, without the endings of a histogram's series.
    var name: MetricName { get }
    /// The labels of the series, without `le` and those of the collector.
    var labels: MetricLabels { get }
}

/// What a collector takes samples of.
protocol SampledMetric: MetricHandle, AnyObject {
    /// Whether there is a value, zero, from the beginning.
    static var startsAtZero: Bool { get }

    /// The series that it has under labels, always in the same order.
    static func series(of definition: MetricDefinition, labels: MetricLabels) -> [MetricSeries]

    /// Goes back to having no value, if it may.
    func forget()

    /// The present value of each series, in their order; none when there is no value.
    var values: [Double] { get }
}
