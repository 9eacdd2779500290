internal import Synchronization

/// The series of a histogram: a counter for each bucket, the sum of all observations, and their number.
public final class MetricHistogram: MetricHandle {
    /// The name of the metric, without the endings of its series.
    public let name: MetricName
    /// The labels of its series, without `le` and those of the collector.
    public let labels: MetricLabels
    /// The upper bounds of its buckets.
    public let buckets: HistogramBuckets

    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    // Under a lock, so that number and sum of one look are of the same observations.
    private let state: Mutex<State>
    private let refusals: MetricRefusals

    init(_ definition: MetricDefinition, _ labels: MetricLabels, refusals: MetricRefusals) {
        name = definition.name
        self.labels = labels
        self.refusals = refusals
        buckets = definition.buckets ?? .seconds
        state = Mutex(State(counts: Array(repeating: 0, count: buckets.bounds.count + 1)))
    }

    /// Counts an observation in its bucket. One that is not finite changes nothing and is counted as `invalid`: it would
    /// spoil the sum for ever.
    public func observe(_ value: Double) {
        guard value.isFinite else { return refusals.count(.invalid) }
        let bucket = buckets.index(of: value)
        state.withLock { state in
            state.counts[bucket] &+= 1
            state.sum += value
        }
    }

    /// How many observations there were.
    public var count: UInt64 { state.withLock { $0.counts.reduce(0, &+) } }

    /// What all observations add up to.
    public var sum: Double { state.withLock { $0.sum } }
}

extension MetricHistogram: SampledMetric {
    static let startsAtZero = true

    static func series(of definition: MetricDefinition, labels: MetricLabels) -> [MetricSeries] {
        let name = definition.name
        let bounds = (definition.buckets ?? .seconds).bounds + [.infinity]
        let bucketName = name.withEnding("_bucket")
        return bounds.map { bound in
            MetricSeries(bucketName, labels.replacing(.le, with: MetricsCollector.boundText(bound)))
        } + [MetricSeries(name.withEnding("_sum"), labels), MetricSeries(name.withEnding("_count"), labels)]
    }

    func forget() {}

    var values: [Double] {
        let state = state.withLock { $0 }
        var count: UInt64 = 0
        let buckets = state.counts.map { more in
            count &+= more
            return Double(count)
        }
        return buckets + [state.sum, Double(count)]
    }
}

extension HistogramBuckets {
    /// The bucket of an observation: the first whose bound is not smaller, or the one without a bound.
    func index(of value: Double) -> Int {
        var (low, high) = (0, bounds.count)
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
