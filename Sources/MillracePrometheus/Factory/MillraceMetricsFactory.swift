public import CoreMetrics
public import Logging
public import MillraceCore
internal import Synchronization

/// Brings what any library measures through swift-metrics into a collector.
///
/// ```swift
/// let collector = MetricsCollector(id: id)
/// MetricsSystem.bootstrap(MillraceMetricsFactory(collector))
/// ```
///
/// A `Counter` and a `FloatingPointCounter` are counters, a `Meter` and a `Recorder` that does not aggregate gauges, a
/// `Recorder` that does a histogram, a `Timer` a histogram of seconds. What the collector knows of a name goes before: its
/// help, unit and buckets, and whether a recorder is a gauge or a histogram. Unknown names tell their unit by their ending,
/// `_seconds` or `_bytes`, and have the buckets for it.
///
/// Nothing that a library does ends the process. What is not allowed in names and labels becomes `_`; where that is not
/// enough, or a name is known as something else, nothing is measured. That is counted, in `millrace_metrics_invalid_total` or
/// `millrace_metrics_conflicts_total`, and logged once a name.
///
/// A series ends when one of its metrics is destroyed and no other is left; metrics that are dropped without that leave it as
/// it is. One that a handle of the collector itself was asked for stays.
public final class MillraceMetricsFactory: MetricsFactory {
    /// What is measured into.
    public let collector: MetricsCollector

    private let logger: Logger
    private let logged = Mutex<Set<String>>([])

    // So that names without end do not fill the memory.
    private static let maximumLogged = 1_000

    /// Measures into a collector.
    public init(_ collector: MetricsCollector, logger: Logger = Logger(label: "millrace")) {
        self.collector = collector
        self.logger = logger
    }

    /// Makes what counts whole numbers.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        makeCollectedCounter(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    /// Makes what counts amounts.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        makeCollectedCounter(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    /// Makes what sets a value.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        make(label, dimensions, .gauge) { definition, labels in
            definition.kind == .gauge
                ? CollectedGauge(try collector.gauge(definition, labels: labels), in: collector) : nil
        } ?? NOOPMetricsHandler.instance
    }

    /// Makes what observes values, or, unless they are to be aggregated, keeps the last.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        make(label, dimensions, aggregate ? .histogram : .gauge) { definition, labels -> (any RecorderHandler)? in
            switch definition.kind {
            case .gauge: CollectedGauge(try collector.gauge(definition, labels: labels), in: collector)
            case .histogram: CollectedHistogram(try collector.histogram(definition, labels: labels), in: collector)
            case .counter: nil
            }
        } ?? NOOPMetricsHandler.instance
    }

    /// Makes what observes times, in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        make(label, dimensions, .histogram, unit: "seconds") { definition, labels in
            guard definition.kind == .histogram else { return nil }
            return CollectedHistogram(try collector.timer(definition, labels: labels).histogram, in: collector)
        } ?? NOOPMetricsHandler.instance
    }

    /// Ends a series, if nobody else has it.
    public func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }

    /// Ends a series, if nobody else has it.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }

    /// Ends a series, if nobody else has it.
    public func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }

    /// Ends a series, if nobody else has it.
    public func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }

    /// Ends a series, if nobody else has it.
    public func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    private func destroy(_ handler: AnyObject) {
        (handler as? any CollectedHandler)?.hold.giveBack()
    }

    private func makeCollectedCounter(_ label: String, _ dimensions: [(String, String)]) -> CollectedCounter? {
        make(label, dimensions, .counter) { definition, labels in
            definition.kind == .counter
                ? CollectedCounter(try collector.counter(definition, labels: labels), in: collector) : nil
        }
    }

    /// Makes a handler, as what is known of the name, or as a kind of which nothing else is known; `nil` when there is none.
    private func make<Handler>(
        _ label: String, _ dimensions: [(String, String)], _ kind: MetricKind, unit: String? = nil,
        _ handler: (MetricDefinition, MetricLabels) throws -> Handler?
    ) -> Handler? {
        guard let name = MetricNaming.name(label), let guess = Self.guess(name, kind, unit: unit) else {
            return refuse(label, .invalid)
        }
        // Again, when another thread has made the name known in between.
        for _ in 0..<2 {
            let definition = collector.definition(of: name) ?? guess
            guard let labels = MetricNaming.labels(dimensions, isHistogram: definition.kind == .histogram) else {
                return refuse(label, .invalid)
            }
            do {
                guard let handler = try handler(definition, labels) else { break }
                return handler
            } catch { continue }
        }
        return refuse(label, .conflict)
    }

    /// What a metric is by its name; `nil` when the name is too long for it.
    private static func guess(_ name: MetricName, _ kind: MetricKind, unit: String?) -> MetricDefinition? {
        let stem = name.text.hasSuffix("_total") ? name.text.dropLast("_total".count) : name.text[...]
        let unit = unit ?? (stem.hasSuffix("_seconds") ? "seconds" : stem.hasSuffix("_bytes") ? "bytes" : nil)
        guard kind == .histogram else { return try? MetricDefinition(name, kind, unit: unit) }
        let buckets: HistogramBuckets = unit == "seconds" ? .seconds : unit == "bytes" ? .bytes : .numbers
        return try? MetricDefinition(histogram: name, unit: unit, buckets: buckets)
    }

    private func refuse<Handler>(_ label: String, _ refusal: MetricRefusal) -> Handler? {
        collector.refuse(refusal)
        let isNew = logged.withLock { logged in
            logged.count < Self.maximumLogged && logged.insert(label).inserted
        }
        if isNew {
            logger.warning(
                "A metric is not measured",
                metadata: ["metric": "\(label.prefix(255))", "reason": "\(refusal)"])
        }
        return nil
    }
}
