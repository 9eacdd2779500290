internal import CoreMetrics
internal import MillraceCore
internal import Synchronization

/// What a library measures through, and gives back once at most.
protocol CollectedHandler: AnyObject {
    /// Gives the series back to the collector.
    func destroy(in collector: MetricsCollector)
}

/// Whether something has been given back.
final class Return: Sendable {
    private let isDone = Atomic<Bool>(false)

    /// Whether this is the first time.
    func isFirst() -> Bool {
        !isDone.exchange(true, ordering: .relaxed)
    }
}

/// Counts for a library.
final class CollectedCounter: CounterHandler, FloatingPointCounterHandler, CollectedHandler {
    private let counter: MetricCounter
    private let giving = Return()

    init(_ counter: MetricCounter) {
        self.counter = counter
    }

    func increment(by amount: Int64) { counter.increment(by: Int(amount)) }

    func increment(by amount: Double) { counter.add(amount) }

    func reset() { counter.reset() }

    func destroy(in collector: MetricsCollector) {
        if giving.isFirst() { collector.release(counter) }
    }
}

/// Sets a value for a library.
final class CollectedGauge: MeterHandler, RecorderHandler, CollectedHandler {
    private let gauge: MetricGauge
    private let giving = Return()

    init(_ gauge: MetricGauge) {
        self.gauge = gauge
    }

    func set(_ value: Int64) { gauge.set(Double(value)) }

    func set(_ value: Double) { gauge.set(value) }

    func increment(by amount: Double) { gauge.add(amount) }

    func decrement(by amount: Double) { gauge.add(-amount) }

    func record(_ value: Int64) { gauge.set(Double(value)) }

    func record(_ value: Double) { gauge.set(value) }

    func destroy(in collector: MetricsCollector) {
        if giving.isFirst() { collector.release(gauge) }
    }
}

/// Observes for a library; times in seconds.
final class CollectedHistogram: RecorderHandler, TimerHandler, CollectedHandler {
    private let histogram: MetricHistogram
    private let giving = Return()

    init(_ histogram: MetricHistogram) {
        self.histogram = histogram
    }

    func record(_ value: Int64) { histogram.observe(Double(value)) }

    func record(_ value: Double) { histogram.observe(value) }

    func recordNanoseconds(_ duration: Int64) { histogram.observe(Double(duration) / 1e9) }

    func destroy(in collector: MetricsCollector) {
        if giving.isFirst() { collector.release(histogram) }
    }
}
