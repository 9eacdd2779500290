/// A metric that Millrace itself measures: what it is, and which labels its series have.
public struct MeasuredMetric: Hashable, Sendable {
    /// Name, kind, help, unit and buckets.
    public let definition: MetricDefinition
    /// The labels of each of its series, besides those that a collector gives to all, such as `instance`.
    public let labels: [LabelName]

    /// Describes a metric that is written in the source.
    package init(
        _ name: StaticString, _ kind: MetricKind, labels: [StaticString] = [], unit: String? = nil,
        buckets: HistogramBuckets = .seconds, _ help: String
    ) {
        definition = MetricDefinition(
            known: name, kind, help: help, unit: unit, buckets: kind == .histogram ? buckets : nil)
        self.labels = labels.map { LabelName(stored: "\($0)") }
    }

    /// What swift-metrics calls the metric by.
    package var name: String { definition.name.text }

    /// What swift-metrics calls the labels of a series by; the values are in the order of ``labels``.
    package func dimensions(_ values: String...) -> [(String, String)] {
        zip(labels, values).map { ($0.text, $1) }
    }
}

extension Duration {
    /// This duration in whole nanoseconds, as swift-metrics wants times; clamped to the range of `Int64`.
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (whole, overflowOfParts) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        if overflow || overflowOfParts { return self < .zero ? .min : .max }
        return whole
    }
}
