extension MetricsCollector {
    /// The counter of a series, from the name and labels as text.
    ///
    /// - Throws: ``InvalidValue`` when a name or label is not allowed, or the name is known otherwise.
    public func counter(
        _ name: String, help: String = "", unit: String? = nil, labels: [String: String] = [:]
    ) throws(InvalidValue) -> MetricCounter {
        try counter(MetricDefinition(MetricName(name), .counter, help: help, unit: unit), labels: MetricLabels(labels))
    }

    /// The gauge of a series, from the name and labels as text.
    ///
    /// - Throws: ``InvalidValue`` when a name or label is not allowed, or the name is known otherwise.
    public func gauge(
        _ name: String, help: String = "", unit: String? = nil, labels: [String: String] = [:]
    ) throws(InvalidValue) -> MetricGauge {
        try gauge(MetricDefinition(MetricName(name), .gauge, help: help, unit: unit), labels: MetricLabels(labels))
    }

    /// The histogram of a set of labels, from the name and labels as text. Without buckets it has those that are known, or
    /// else those for seconds.
    ///
    /// - Throws: ``InvalidValue`` when a name or label is not allowed, or the name is known otherwise.
    public func histogram(
        _ name: String, help: String = "", unit: String? = nil, labels: [String: String] = [:],
        buckets: HistogramBuckets? = nil
    ) throws(InvalidValue) -> MetricHistogram {
        try histogram(
            histogramDefinition(name, help: help, unit: unit, buckets: buckets), labels: MetricLabels(labels))
    }

    /// The timer of a set of labels, from the name and labels as text. Without buckets it has those that are known, or else
    /// those for seconds.
    ///
    /// - Throws: ``InvalidValue`` when a name or label is not allowed, or the name is known otherwise.
    public func timer(
        _ name: String, help: String = "", labels: [String: String] = [:], buckets: HistogramBuckets? = nil
    ) throws(InvalidValue) -> MetricTimer {
        try timer(
            histogramDefinition(name, help: help, unit: MetricTimer.unit, buckets: buckets),
            labels: MetricLabels(labels))
    }

    private func histogramDefinition(
        _ name: String, help: String, unit: String?, buckets: HistogramBuckets?
    ) throws(InvalidValue) -> MetricDefinition {
        let name = try MetricName(name)
        return try MetricDefinition(
            histogram: name, help: help, unit: unit, buckets: buckets ?? definition(of: name)?.buckets ?? .seconds)
    }
}
