/// The samples of one metric on their way to an answer: a window for each of its series.
///
/// What adapters without a Prometheus answer with. They find the samples, and hand over those of each series in the order of
/// their times; samples of different series may come in any order.
public struct MetricWindows<Window: SampleWindow>: Sendable {
    private let name: MetricName
    private let empty: Window
    private var labels: [MetricLabels] = []
    private var windows: [Window] = []

    /// Begins with no series; `empty` is the window of one without samples.
    public init(of name: MetricName, each empty: Window) {
        self.name = name
        self.empty = empty
    }

    /// Makes room for a series that has none yet.
    ///
    /// - Returns: its place, for ``add(_:at:to:)``.
    public mutating func append(_ labels: MetricLabels) -> Int {
        self.labels.append(labels)
        windows.append(empty)
        return windows.count - 1
    }

    /// Takes the next sample of the series at a place.
    public mutating func add(_ value: Double, at time: Timestamp, to place: Int) {
        windows[place].add(value, at: time)
    }
}

extension MetricWindows where Window == StepValues {
    /// The values of each series that has any, ordered by labels.
    public func timeSeries() -> [MetricTimeSeries] {
        zip(labels, windows).compactMap { labels, window in
            let values = window.finish()
            return values.isEmpty ? nil : MetricTimeSeries(MetricSeries(name, labels), values)
        }
        .sorted { $0.series.labels < $1.series.labels }
    }
}

extension MetricWindows where Window == LatestValue {
    /// The greatest present value; `nil` when no series has one that is a number.
    public func greatest() -> Double? {
        windows.compactMap(\.value).filter { !$0.isNaN }.max()
    }
}

extension MetricWindows where Window == CounterWindow {
    /// A percentile of what the series of buckets have counted together; `nil` as ``BucketCounts/value(at:)`` says.
    public func percentile(_ percentile: Percentile) -> Double? {
        var counts = BucketCounts()
        for (labels, window) in zip(labels, windows) {
            guard let bound = labels[.le].flatMap({ Double($0) }), !bound.isNaN, let rate = window.rate else {
                continue
            }
            counts.add(rate, upTo: bound)
        }
        return counts.value(at: percentile)
    }
}
