internal import Synchronization

/// A series that counts up. Kept by whoever counts: an event costs one addition, and no look-up.
public final class MetricCounter: MetricHandle {
    /// The name of the metric.
    public let name: MetricName
    /// The labels of the series, without those of the collector.
    public let labels: MetricLabels

    // Two, so that a whole number is one addition of the processor; what is counted is their sum.
    private let whole = Atomic<UInt64>(0)
    private let fraction = Atomic<UInt64>(0)
    private let refusals: MetricRefusals

    init(_ definition: MetricDefinition, _ labels: MetricLabels, refusals: MetricRefusals) {
        name = definition.name
        self.labels = labels
        self.refusals = refusals
    }

    /// Counts something, once or so many times. A negative number changes nothing and is counted as `invalid`.
    public func increment(by count: Int = 1) {
        guard count >= 0 else { return refusals.count(.invalid) }
        whole.wrappingAdd(UInt64(truncatingIfNeeded: count), ordering: .relaxed)
    }

    /// Counts an amount that need not be whole. One that is negative or not finite changes nothing and is counted as
    /// `invalid`: it would spoil the sum for ever.
    public func add(_ amount: Double) {
        guard amount >= 0, amount.isFinite else { return refusals.count(.invalid) }
        fraction.addAsDouble(amount)
    }

    /// Begins at zero again, which queries take for a new start of the process.
    public func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.store(0, ordering: .relaxed)
    }

    /// What has been counted.
    public var value: Double {
        Double(whole.load(ordering: .relaxed)) + Double(bitPattern: fraction.load(ordering: .relaxed))
    }
}

extension MetricCounter: SampledMetric {
    static let startsAtZero = true

    static func series(of definition: MetricDefinition, labels: MetricLabels) -> [MetricSeries] {
        [MetricSeries(definition.name, labels)]
    }

    func forget() {}

    var values: [Double] { [value] }
}
