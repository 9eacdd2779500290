import CoreMetrics
import Logging
import Metrics
import MillraceCore
import MillracePrometheus
import MillraceTesting
import Testing

@Suite struct MillraceMetricsFactoryTests {
    private let clock = ManualClock()
    private let collector: MetricsCollector
    private let factory: MillraceMetricsFactory
    private let log = LogRecorder()

    init() {
        collector = MetricsCollector(id: .make(at: clock.timeOfDay), maximumSeries: 200, clock: clock)
        factory = MillraceMetricsFactory(collector, logger: log.logger)
    }

    private func latest() -> [String: Double] {
        let samples = collector.samples(at: clock.timeOfDay)
        return Dictionary(samples.map { ("\($0.series)", $0.value) }) { $1 }
    }

    @Test("Counters count, meters and plain recorders keep the last, recorders and timers observe")
    func kinds() throws {
        Counter(label: "c_total", factory: factory).increment(by: 2)
        FloatingPointCounter(label: "f_total", factory: factory).increment(by: 0.25)
        let meter = Meter(label: "m", factory: factory)
        meter.set(5)
        meter.increment(by: 1.5)
        meter.decrement(by: 0.5)
        let gauge = Gauge(label: "g", factory: factory)
        gauge.record(1)
        gauge.record(2.5)
        let recorder = Recorder(label: "r", factory: factory)
        recorder.record(3)
        recorder.record(4.5)
        let timer = Timer(label: "t", preferredDisplayUnit: .milliseconds, factory: factory)
        timer.recordMilliseconds(1_500)
        timer.record(duration: .seconds(2))
        let latest = latest()
        #expect(latest["c_total"] == 2 && latest["f_total"] == 0.25 && latest["m"] == 6 && latest["g"] == 2.5)
        #expect(latest["r_sum"] == 7.5 && latest["r_count"] == 2 && latest["r_bucket{le=\"5\"}"] == 2)
        #expect(latest["t_sum"] == 3.5 && latest["t_bucket{le=\"2.5\"}"] == 2 && latest["t_bucket{le=\"1\"}"] == 0)
        #expect(collector.definition(of: try MetricName("t"))?.unit == "seconds")
    }

    @Test("A meter is not spoiled by amounts that are not finite", arguments: [Double.nan, .infinity, -.infinity])
    func spoiledMeter(amount: Double) {
        let meter = Meter(label: "m", factory: factory)
        meter.set(5)
        meter.increment(by: amount)
        meter.decrement(by: amount)
        meter.increment(by: 1)
        #expect(latest()["m"] == 6 && latest()["millrace_metrics_invalid_total"] == 2)
    }

    @Test("One name is one series, whatever the order of the dimensions and whoever makes it")
    func oneSeries() throws {
        Counter(label: "c_total", dimensions: [("a", "1"), ("b", "2")], factory: factory).increment()
        Counter(label: "c_total", dimensions: [("b", "2"), ("a", "1")], factory: factory).increment()
        FloatingPointCounter(label: "c_total", dimensions: [("b", "2"), ("a", "1")], factory: factory).increment(
            by: 0.5)
        try collector.counter("c_total", labels: ["a": "1", "b": "2"]).increment()
        #expect(latest() == ["c_total{a=\"1\",b=\"2\"}": 3.5])
    }

    @Test("A counter that is reset begins at zero")
    func resets() {
        let counter = Counter(label: "c_total", factory: factory)
        counter.increment(by: 7)
        counter.reset()
        counter.increment()
        #expect(latest()["c_total"] == 1)
    }

    @Test(
        "Names that Prometheus does not take are mended",
        arguments: [
            ("http.server-requests", "http_server_requests"), ("9lives", "_9lives"), ("a b/c", "a_b_c"),
            ("größe", "gr__e"), ("a:b", "a:b"), ("\u{1F600}", "_"), ("x\0", "x_"),
        ])
    func mendsNames(label: String, name: String) {
        Counter(label: label, factory: factory).increment()
        #expect(latest() == [name: 1] && collector.refused(.invalid) == 0)
    }

    @Test(
        "Dimensions that Prometheus does not take are mended",
        arguments: [
            ([("a.b", "1")], "{a_b=\"1\"}"), ([("__name__", "1")], "{_name__=\"1\"}"), ([("a", "")], ""),
            ([("a", "1"), ("a", "2")], "{a=\"1;2\"}"), ([("a-b", "2"), ("a.b", "1")], "{a_b=\"2;1\"}"),
            ([("a", "1"), ("a", "1")], "{a=\"1\"}"), ([("a", "x\0")], "{a=\"x\u{FFFD}\"}"),
            ([("exported_a", "1")], "{_exported_a=\"1\"}"), ([("a:b", "\"\\\n")], "{a_b=\"\\\"\\\\\\n\"}"),
        ])
    func mendsDimensions(dimensions: [(String, String)], labels: String) {
        Counter(label: "c", dimensions: dimensions, factory: factory).increment()
        Counter(label: "c", dimensions: dimensions.reversed(), factory: factory).increment()
        #expect(latest() == ["c" + labels: 2] && collector.refused(.invalid) == 0)
    }

    @Test("The bound of buckets is theirs, and a value that is too long is cut between two characters")
    func mendsMore() throws {
        Recorder(label: "r", dimensions: [("le", "mine")], factory: factory).record(1)
        #expect(latest()["r_count{_le=\"mine\"}"] == 1)
        let long = String(repeating: "é", count: 8_191) + "\u{1F600}"
        Counter(label: "c", dimensions: [("a", long)], factory: factory).increment()
        #expect(latest()["c{a=\"\(long.dropLast())\"}"] == 1)
    }

    @Test("What cannot be mended is counted and logged once a name, and measures nothing")
    func invalid() {
        for label in ["", String(repeating: "n", count: 256)] {
            for _ in 0..<3 { Counter(label: label, factory: factory).increment() }
        }
        Counter(label: "c", dimensions: [("", "1")], factory: factory).increment()
        Timer(label: String(repeating: "n", count: 250), factory: factory).recordSeconds(1)
        #expect(
            collector.refused(.invalid) == 8 && log.messages == Array(repeating: "A metric is not measured", count: 4))
        #expect(latest() == ["millrace_metrics_invalid_total": 8])
    }

    @Test("A name that is known as something else measures nothing: counted, logged once, and never a crash")
    func conflicts() {
        Counter(label: "x", factory: factory).increment()
        for _ in 0..<2 {
            Meter(label: "x", factory: factory).set(5)
            Gauge(label: "x", factory: factory).record(5)
            Recorder(label: "x", factory: factory).record(5)
            Timer(label: "x", factory: factory).recordSeconds(5)
        }
        Timer(label: "t", factory: factory).recordSeconds(1)
        Counter(label: "t_count", factory: factory).increment()
        Meter(label: "t", factory: factory).set(1)
        let made = Counter(label: "t", factory: factory)
        made.increment()
        made.reset()
        made.destroy()
        #expect(collector.refused(.conflict) == 11 && log.messages.count == 3)
        let latest = latest()
        #expect(latest["x"] == 1 && latest["t_count"] == 1 && latest["millrace_metrics_conflicts_total"] == 11)
    }

    @Test("What the collector knows goes before what a name suggests")
    func knownDefinitions() throws {
        let buckets = try HistogramBuckets([1, 2])
        try collector.define(
            MetricDefinition(histogram: MetricName("h"), help: "Sizes.", unit: "bytes", buckets: buckets))
        try collector.define(MetricDefinition(MetricName("g"), .gauge, help: "Last."))
        Gauge(label: "h", factory: factory).record(1.5)
        Recorder(label: "g", factory: factory).record(7)
        Timer(label: "h", factory: factory).recordSeconds(1)
        let latest = latest()
        #expect(latest["h_bucket{le=\"2\"}"] == 1 && latest["h_count"] == 1 && latest["g"] == 7)
        #expect(collector.refused(.conflict) == 1)
        #expect(collector.definition(of: try MetricName("h"))?.help == "Sizes.")
    }

    @Test("The ending of an unknown name tells its unit and its buckets")
    func guesses() throws {
        _ = Recorder(label: "body_bytes", factory: factory)
        _ = Recorder(label: "depth", factory: factory)
        _ = Recorder(label: "wait_seconds", factory: factory)
        _ = Counter(label: "sent_bytes_total", factory: factory)
        func definition(_ name: String) throws -> MetricDefinition? { collector.definition(of: try MetricName(name)) }
        #expect(try definition("body_bytes")?.unit == "bytes" && definition("body_bytes")?.buckets == .bytes)
        #expect(try definition("depth")?.unit == nil && definition("depth")?.buckets == .numbers)
        #expect(try definition("wait_seconds")?.unit == "seconds" && definition("wait_seconds")?.buckets == .seconds)
        #expect(try definition("sent_bytes_total")?.unit == "bytes")
    }

    @Test("A destroyed metric ends its series, unless another of the same name is still there")
    func destroys() throws {
        let (first, second) = (Counter(label: "c", factory: factory), Counter(label: "c", factory: factory))
        let (meter, timer) = (Meter(label: "m", factory: factory), Timer(label: "t", factory: factory))
        let (amounts, recorder) = (
            FloatingPointCounter(label: "f", factory: factory), Recorder(label: "r", aggregate: false, factory: factory)
        )
        first.increment()
        meter.set(1)
        recorder.record(1)
        timer.recordSeconds(1)
        _ = latest()
        first.destroy()
        first.destroy()
        meter.destroy()
        timer.destroy()
        amounts.destroy()
        recorder.destroy()
        second.increment()
        clock.advance(by: .seconds(5))
        let samples = collector.samples(at: clock.timeOfDay)
        #expect(samples.filter { $0.series.name.text == "c" }.map(\.value) == [2])
        #expect(
            Set(samples.filter(\.isStale).map { $0.series.name.text }) == [
                "m", "r", "f", "t_bucket", "t_sum", "t_count",
            ])
        second.destroy()
        clock.advance(by: .seconds(5))
        let last = collector.samples(at: clock.timeOfDay)
        #expect(last.map(\.series.name.text) == ["c", "c"] && last.map(\.isStale) == [false, true])
        #expect(collector.samples(at: clock.timeOfDay).isEmpty)
    }

    @Test("Metrics that are dropped leave their series, and do not keep it from ending with the last that is destroyed")
    func drops() {
        for _ in 0..<3 { Meter(label: "m", factory: factory).set(1) }
        #expect(latest() == ["m": 1] && latest() == ["m": 1])
        let meter = Meter(label: "m", factory: factory)
        let other = Meter(label: "m", factory: factory)
        meter.destroy()
        #expect(latest() == ["m": 1])
        other.destroy()
        Meter(label: "m", factory: factory).set(2)
        #expect(latest() == ["m": 2])
        Meter(label: "m", factory: factory).destroy()
        _ = latest()
        #expect(latest().isEmpty)
    }

    @Test("A series that a handle of the collector was asked for stays when a library is done with it")
    func keepsTyped() throws {
        let held = try collector.counter("c")
        Counter(label: "c", factory: factory).destroy()
        held.increment()
        #expect(latest() == ["c": 1])
    }

    @Test("Beyond the limit of series metrics work, nothing is heard of them, and nothing is kept of them")
    func overflow() {
        for number in 0..<300 {
            let counter = Counter(label: "c", dimensions: [("n", "\(number)")], factory: factory)
            counter.increment()
            if number >= 200 { counter.destroy() }
        }
        #expect(latest().count == 201 && collector.refused(.overflow) == 100)
    }

    @Test("A factory of a task measures what is made in it")
    func taskLocal() async {
        await withMetricsFactory(factory) {
            Counter(label: "task_total").increment()
            await Task { Counter(label: "task_total").increment() }.value
        }
        Counter(label: "task_total").increment()
        #expect(latest() == ["task_total": 2])
    }
}
