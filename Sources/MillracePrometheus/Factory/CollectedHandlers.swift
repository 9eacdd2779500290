internal import CoreMetrics
internal import MillraceCore
internal import Synchronization

/// What a library measures through.
protocol CollectedHandler: AnyObject {
    var hold: SeriesHold { get }
}

/// One of those who have a series: until it is given back, which may end the series, or dropped, which does not.
final class SeriesHold: Sendable {
    private let handle: any MetricHandle
    private let collector: MetricsCollector
    private let isOver = Atomic<Bool>(false)

    init(_ handle: some MetricHandle, in collector: MetricsCollector) {
        self.handle = handle
        self.collector = collector
    }

    /// Ends the series if nobody else has it; once.
    func giveBack() {
        if !isOver.exchange(true, ordering: .relaxed) { collector.release(handle, ending: true) }
    }

    deinit {
        if !isOver.load(ordering: .relaxed) { collector.release(handle, ending: false) }
    }
}

/// Counts for a library.
final class CollectedCounter: CounterHandler, FloatingPointCounterHandler, CollectedHandler {
    private let counter: MetricCounter
    let hold: SeriesHold

    init(_ counter: MetricCounter, in collector: MetricsCollector) {
        self.counter = counter
        hold = SeriesHold(counter, in: collector)
    }

    func increment(by amount: Int64) { counter.increment(by: Int(amount)) }

    func increment(by amount: Double) { counter.add(amount) }

    func reset() { counter.reset() }
}

/// Sets a value for a library.
final class CollectedGauge: MeterHandler, RecorderHandler, CollectedHandler {
    private let gauge: MetricGauge
    let hold: SeriesHold

    init(_ gauge: MetricGauge, in collector: MetricsCollector) {
        self.gauge = gauge
        hold = SeriesHold(gauge, in: collector)
    }

    func set(_ value: Int64) { gauge.set(Double(value)) }

    func set(_ value: Double) { gauge.set(value) }

    func increment(by amount: Double) { gauge.add(amount) }

    func decrement(by amount: Double) { gauge.add(-amount) }

    func record(_ value: Int64) { gauge.set(Double(value)) }

    func record(_ value: Double) { gauge.set(value) }
}

/// Observes for a library; times in seconds.
final class CollectedHistogram: RecorderHandler, TimerHandler, CollectedHandler {
    private let histogram: MetricHistogram
    let hold: SeriesHold

    init(_ histogram: MetricHistogram, in collector: MetricsCollector) {
        self.histogram = histogram
        hold = SeriesHold(histogram, in: collector)
    }

    func record(_ value: Int64) { histogram.observe(Double(value)) }

    func record(_ value: Double) { histogram.observe(value) }

    func recordNanoseconds(_ duration: Int64) { histogram.observe(Double(duration) / 1e9) }
}
