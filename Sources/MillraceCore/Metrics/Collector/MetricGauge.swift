internal import Synchronization

/// A series whose value goes up and down; it has none, and gives no sample, before it is set for the first time.
public final class MetricGauge: MetricHandle {
    /// The name of the metric.
    public let name: MetricName
    /// The labels of the series, without those of the collector.
    public let labels: MetricLabels

    // No value that is set has the bits of the marker.
    private let bits = Atomic<UInt64>(StaleMarker.value.bitPattern)
    private let refusals: MetricRefusals

    init(_ definition: MetricDefinition, _ labels: MetricLabels, refusals: MetricRefusals) {
        name = definition.name
        self.labels = labels
        self.refusals = refusals
    }

    /// Sets the value; infinity and what is not a number are values too.
    public func set(_ value: Double) {
        bits.store((value.isNaN ? StaleMarker.otherNaN : value).bitPattern, ordering: .relaxed)
    }

    /// Sets the value to a whole number.
    public func set(_ value: Int) {
        set(Double(value))
    }

    /// Changes the value by an amount, positive or negative; from zero when there was none. One that is not finite changes
    /// nothing and is counted as `invalid`: it would spoil the value until the next is set.
    public func add(_ amount: Double) {
        guard amount.isFinite else { return refusals.count(.invalid) }
        bits.update { bits in
            let sum = (bits == StaleMarker.value.bitPattern ? 0 : Double(bitPattern: bits)) + amount
            return (sum.isNaN ? StaleMarker.otherNaN : sum).bitPattern
        }
    }

    /// The present value; `nil` before the first is set.
    public var value: Double? {
        let value = Double(bitPattern: bits.load(ordering: .relaxed))
        return StaleMarker.isMarker(value) ? nil : value
    }
}

extension MetricGauge: SampledMetric {
    static let startsAtZero = false

    static func series(of definition: MetricDefinition, labels: MetricLabels) -> [MetricSeries] {
        [MetricSeries(definition.name, labels)]
    }

    func forget() {
        bits.store(StaleMarker.value.bitPattern, ordering: .relaxed)
    }

    var values: [Double] { value.map { [$0] } ?? [] }
}
