import CoreMetrics
import Logging
import MillraceCore
import MillracePrometheus
import MillraceTesting
import Testing

@Suite struct MetricsFactoryFuzzTests {
    /// Few characters, so that names are often valid, often alike, and often wrong in every way.
    private static let pieces = [
        "a", "b", "_", "__", "9", ":", ".", "-", " ", "\"", "\\", "\n", "\0", "é", "e\u{301}", "\u{1F600}", "le",
        "exported_", "_total", "_bytes", "_bucket", "_count", "millrace_metrics_invalid_total", "",
    ]

    private static func text(using random: inout SeededGenerator) -> String {
        if Int.random(in: 0..<100, using: &random) == 0 { return String(repeating: "x", count: 300) }
        return (0..<Int.random(in: 0...3, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
    }

    @Test("Whatever a library calls its metrics, nothing crashes, and every sample is one that Prometheus takes")
    func anything() throws {
        let clock = ManualClock()
        var random = TestSeed.generator()
        let collector = MetricsCollector(id: .make(at: clock.timeOfDay), clock: clock)
        let factory = MillraceMetricsFactory(collector, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        collector.constantLabels = try MetricLabels(["a": "constant", "exported_b": "odd"])
        var last: [MetricSeries: MetricSample] = [:]
        for _ in 0..<1_500 {
            let label = Self.text(using: &random)
            var dimensions: [(String, String)] = []
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                dimensions.append((Self.text(using: &random), Self.text(using: &random)))
            }
            switch Int.random(in: 0..<7, using: &random) {
            case 0: Counter(label: label, dimensions: dimensions, factory: factory).increment(by: 1)
            case 1: FloatingPointCounter(label: label, dimensions: dimensions, factory: factory).increment(by: 0.5)
            case 2: Meter(label: label, dimensions: dimensions, factory: factory).set(Double(bitPattern: random.next()))
            case 3:
                Recorder(label: label, dimensions: dimensions, factory: factory).record(
                    Double(bitPattern: random.next()))
            case 4:
                Timer(label: label, dimensions: dimensions, factory: factory).recordNanoseconds(
                    Int64.random(in: .min ... .max, using: &random))
            case 5: Gauge(label: label, dimensions: dimensions, factory: factory).record(1)
            default: Counter(label: label, dimensions: dimensions, factory: factory).destroy()
            }
            guard Int.random(in: 0..<100, using: &random) == 0 else { continue }
            clock.advance(by: .milliseconds(Int.random(in: 0..<10, using: &random)))
            for sample in collector.samples(at: clock.timeOfDay) {
                guard let before = last.updateValue(sample, forKey: sample.series) else {
                    check(sample.series)
                    continue
                }
                if before.time >= sample.time { Issue.record("\(sample.series) has two samples at \(sample.time)") }
            }
        }
        #expect(last.count > 100 && collector.refused(.invalid) > 0 && collector.refused(.conflict) > 0)
    }

    /// The rules of remote write 1.0 for a series.
    private func check(_ series: MetricSeries) {
        let labels = series.labels.all
        let names = labels.map { Array($0.name.text.utf8) }
        let areNames =
            (try? MetricName(series.name.text)) != nil && labels.allSatisfy { (try? LabelName($0.name.text)) != nil }
        let areSorted = zip(names, names.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }
        let areValues = labels.allSatisfy {
            !$0.value.isEmpty && !$0.value.utf8.contains(0) && $0.value.utf8.count <= 16_384
        }
        #expect(areNames && areSorted && areValues && series.labels[LabelName(stored: "a")] == "constant", "\(series)")
    }

    @Test("The order of dimensions never matters")
    func order() throws {
        let clock = ManualClock()
        var random = TestSeed.generator()
        for _ in 0..<500 {
            let collector = MetricsCollector(id: .make(at: clock.timeOfDay), clock: clock)
            let factory = MillraceMetricsFactory(
                collector, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            var dimensions: [(String, String)] = []
            for _ in 0..<4 { dimensions.append((Self.text(using: &random), Self.text(using: &random))) }
            for _ in 0..<3 {
                dimensions.shuffle(using: &random)
                Timer(label: "t", dimensions: dimensions, factory: factory).recordNanoseconds(1)
            }
            let series = Set(collector.samples(at: clock.timeOfDay).map(\.series).filter { $0.name.text == "t_count" })
            #expect(series.count == (collector.refused(.invalid) == 3 ? 0 : 1), "\(dimensions)")
        }
    }
}
