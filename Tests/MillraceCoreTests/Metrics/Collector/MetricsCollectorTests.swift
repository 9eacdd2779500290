import MillraceCore
import MillraceTesting
import Testing

@Suite struct MetricsCollectorTests {
    private let clock = ManualClock()
    private let collector: MetricsCollector

    init() {
        collector = .test(clock: clock)
    }

    @Test("Asked again, with labels in another order, a collector hands out the same handle")
    func sameHandle() throws {
        let first = try collector.counter("c_total", labels: ["a": "1", "b": "2"])
        let name = try MetricName("c_total")
        let labels = try MetricLabels(["b": "2"]).setting(LabelName("a"), to: "1")
        #expect(try collector.counter(MetricDefinition(name, .counter), labels: labels) === first)
        #expect(try collector.counter("c_total", labels: ["a": "1", "b": "2", "c": ""]) === first)
        #expect(try collector.counter("c_total", labels: ["a": "1"]) !== first)
        #expect(try collector.gauge("g") === collector.gauge("g"))
        #expect(try collector.timer("t_seconds").histogram === collector.histogram("t_seconds"))
    }

    @Test("A counter adds whole numbers and amounts")
    func counter() throws {
        let counter = try collector.counter("c_total")
        counter.increment()
        counter.increment(by: 40)
        counter.add(1.5)
        counter.increment(by: 0)
        #expect(counter.value == 42.5)
        counter.reset()
        #expect(counter.value == 0)
    }

    @Test("What would spoil a sum changes nothing and is counted")
    func invalidValues() throws {
        let (counter, histogram) = (try collector.counter("c_total"), try collector.histogram("h"))
        counter.increment(by: -1)
        for amount in [-0.5, .nan, .infinity, -.infinity] { counter.add(amount) }
        for value in [Double.nan, .infinity, -.infinity] { histogram.observe(value) }
        #expect(counter.value == 0 && histogram.count == 0 && histogram.sum == 0)
        #expect(collector.refused(.invalid) == 8)
        #expect(try collector.latest()["millrace_metrics_invalid_total"] == 8)
    }

    @Test("A gauge has no value, and gives no sample, until it is set; then any number")
    func gauge() throws {
        let gauge = try collector.gauge("g")
        #expect(gauge.value == nil && collector.samples(at: clock.timeOfDay).isEmpty)
        gauge.set(-3)
        gauge.add(0.5)
        #expect(gauge.value == -2.5)
        gauge.set(.infinity)
        #expect(gauge.value == .infinity)
        gauge.set(StaleMarker.value)
        #expect(gauge.value?.bitPattern == StaleMarker.otherNaN.bitPattern)
        let samples = collector.samples(at: clock.timeOfDay + .seconds(1))
        #expect(samples.map(\.value.bitPattern) == [StaleMarker.otherNaN.bitPattern])
        try collector.gauge("sum").add(2)
        #expect(try collector.gauge("sum").value == 2)
    }

    @Test("An amount that is not finite changes no gauge, makes none of one without a value, and is counted")
    func spoiledGauge() throws {
        let (gauge, empty) = (try collector.gauge("g"), try collector.gauge("empty"))
        gauge.set(3)
        for amount in [Double.nan, .infinity, -.infinity] {
            gauge.add(amount)
            empty.add(amount)
        }
        #expect(gauge.value == 3 && empty.value == nil)
        #expect(collector.refused(.invalid) == 6)
    }

    @Test("A histogram counts an observation in the first bucket that it is not above")
    func histogram() throws {
        let histogram = try collector.histogram("h", buckets: HistogramBuckets([-1, 0.5, 2]))
        for value in [-1, -0.9, 0.5, 0.6, 2, 2.1, 1e300] { histogram.observe(value) }
        let latest = try collector.latest()
        #expect(latest["h_bucket{le=\"-1\"}"] == 1)
        #expect(latest["h_bucket{le=\"0.5\"}"] == 3)
        #expect(latest["h_bucket{le=\"2\"}"] == 5)
        #expect(latest["h_bucket{le=\"+Inf\"}"] == 7)
        #expect(latest["h_count"] == 7 && latest["h_sum"] == histogram.sum)
        #expect(latest.count == 6 && histogram.count == 7)
    }

    @Test("A timer counts seconds, whether what it times returns or throws")
    func timer() async throws {
        let timer = try collector.timer("t_seconds")
        timer.record(.milliseconds(1_500))
        #expect(timer.histogram.sum == 1.5)
        struct Failure: Error {}
        #expect(timer.measure(clock) { clock.advance(by: .seconds(2)) } == ())
        #expect(throws: Failure.self) {
            try timer.measure(clock) { () throws(Failure) in
                clock.advance(by: .seconds(3))
                throw Failure()
            }
        }
        let result = await timer.measure(clock) { () async -> Int in
            clock.advance(by: .seconds(4))
            return 7
        }
        #expect(result == 7 && timer.histogram.count == 4 && timer.histogram.sum == 10.5)
    }

    @Test("Another kind, unit, help or list of buckets of a name is an error, and changes nothing")
    func conflicts() throws {
        let counter = try collector.counter("c_total", help: "Counts.", unit: "bytes")
        #expect(throws: InvalidValue.self) { try collector.gauge("c_total") }
        #expect(throws: InvalidValue.self) { try collector.histogram("c_total") }
        #expect(throws: InvalidValue.self) { try collector.counter("c_total", help: "Others.") }
        #expect(throws: InvalidValue.self) { try collector.counter("c_total", unit: "seconds") }
        _ = try collector.histogram("h", buckets: HistogramBuckets([1, 2]))
        #expect(throws: InvalidValue.self) { try collector.histogram("h", buckets: HistogramBuckets([1, 3])) }
        _ = try collector.histogram("b", unit: "bytes")
        #expect(throws: InvalidValue.self) { try collector.timer("b") }
        let error = #expect(throws: InvalidValue.self) { try collector.gauge("c_total") }
        #expect(error?.description == "metric: c_total is known already as a counter of bytes (Counts.), not a gauge")
        #expect(try collector.counter("c_total") === counter)
        #expect(collector.definitions.count == 3)
    }

    @Test("A histogram owns the names of its series, and takes none that another metric has")
    func ownNames() throws {
        _ = try collector.histogram("h")
        for name in ["h", "h_bucket", "h_sum", "h_count"] {
            #expect(throws: InvalidValue.self) { try collector.counter(name) }
        }
        _ = try collector.gauge("x_count")
        let error = #expect(throws: InvalidValue.self) { try collector.histogram("x") }
        #expect(error?.description == "metric: x needs the name x_count, which belongs to x_count")
        #expect(throws: InvalidValue.self) { try collector.histogram("y", labels: ["le": "1"]) }
        #expect(throws: Never.self) { try collector.gauge("z", labels: ["le": "1"]) }
    }

    @Test("Help and unit that were missing are added by whoever knows them, and buckets that are known hold")
    func completes() throws {
        _ = try collector.counter("c_total")
        _ = try collector.counter("c_total", help: "Counts.")
        _ = try collector.counter("c_total", unit: "bytes")
        #expect(
            try collector.definitions == [
                MetricDefinition(MetricName("c_total"), .counter, help: "Counts.", unit: "bytes")
            ])
        let buckets = try HistogramBuckets([1, 2])
        try collector.define(MetricDefinition(histogram: MetricName("h"), buckets: buckets))
        #expect(try collector.histogram("h").buckets == buckets)
    }

    @Test("Of definitions that contradict each other a new collector takes the first")
    func loaded() throws {
        let name = try MetricName("m")
        let first = try MetricDefinition(name, .counter, help: "One.")
        let collector = try MetricsCollector(
            id: .make(at: clock.timeOfDay), definitions: [first, MetricDefinition(name, .gauge)])
        #expect(collector.definitions == [first] && collector.samples(at: clock.timeOfDay).isEmpty)
        #expect(collector.definition(of: name) == first)
    }

    @Test("The collector's labels are on every series, also when they come late, and others give way to them")
    func constantLabels() throws {
        try collector.gauge("g", labels: ["job": "mine", "x": "1"]).set(1)
        collector.constantLabels = try MetricLabels(["job": "millrace", "instance": "a:0"])
        #expect(
            try Set(collector.latest().keys) == ["g{exported_job=\"mine\",instance=\"a:0\",job=\"millrace\",x=\"1\"}"])
        #expect(throws: InvalidValue.self) { try collector.gauge("g", labels: ["exported_job": "mine", "x": "1"]) }
    }

    @Test("When the collector's labels change, the old series end and the new go on without a zero")
    func changedLabels() throws {
        let counter = try collector.counter("c_total")
        counter.increment(by: 5)
        _ = collector.samples(at: clock.timeOfDay)
        collector.constantLabels = try MetricLabels(["job": "late"])
        let samples = collector.samples(at: clock.timeOfDay + .seconds(5))
        #expect(samples.map(\.series.description) == ["c_total", "c_total{job=\"late\"}"])
        #expect(samples.map(\.isStale) == [true, false])
        #expect(samples.last?.value == 5)
    }

    @Test("Labels of the collector that come and go between two looks change nothing")
    func briefLabels() throws {
        let gauge = try collector.gauge("g", labels: ["b": "2"])
        gauge.set(1)
        _ = collector.samples(at: clock.timeOfDay)
        collector.constantLabels = try MetricLabels(["a": "1"])
        collector.constantLabels = .none
        #expect(collector.samples(at: clock.timeOfDay).map(\.series.description) == ["g{b=\"2\"}"])
    }

    @Test("When one series gets the name that another one had, its samples come after that one's end")
    func exchangedLabels() throws {
        try collector.gauge("g", labels: ["a": "1"]).set(1)
        collector.constantLabels = try MetricLabels(["b": "2"])
        _ = collector.samples(at: clock.timeOfDay)
        try collector.gauge("g", labels: ["b": "2"]).set(2)
        try collector.counter("c_total", labels: ["b": "2"]).increment()
        collector.constantLabels = try MetricLabels(["a": "1"])
        let samples = collector.samples(at: clock.timeOfDay).filter { $0.series.description == "g{a=\"1\",b=\"2\"}" }
        #expect(samples.map(\.isStale) == [true, false] && samples[0].time < samples[1].time)
    }

    @Test("Beyond the limit handles work but nothing is heard of them, and each is counted")
    func overflow() throws {
        let collector = MetricsCollector.test(maximumSeries: 7, clock: clock)
        let held = try collector.counter("c_total", labels: ["n": "0"])
        _ = try collector.histogram("h", buckets: HistogramBuckets([1, 2]))
        for number in 0..<10 {
            let counter = try collector.counter("c_total", labels: ["n": "\(number)"])
            counter.increment()
            #expect(counter.value == 1)
        }
        _ = try collector.histogram("other", buckets: HistogramBuckets([1, 2]))
        let latest = try collector.latest()
        #expect(held.value == 1 && collector.refused(.overflow) == 9)
        #expect(latest.keys.filter { $0.hasPrefix("c_total") }.count == 2)
        #expect(latest["millrace_metrics_overflow_total"] == 9 && latest.count == 8)
        // A series that ends makes room once its end has been told.
        collector.remove(held)
        _ = collector.samples(at: clock.timeOfDay + .seconds(10))
        _ = try collector.counter("c_total", labels: ["n": "new"])
        #expect(collector.refused(.overflow) == 9)
    }

    @Test("Names without end do not fill the memory either")
    func overflowOfNames() throws {
        let collector = MetricsCollector.test(maximumSeries: 10, clock: clock)
        for number in 0..<100 { collector.remove(try collector.gauge("g\(number)")) }
        #expect(collector.definitions.count == 10 && collector.refused(.overflow) == 90)
    }

    @Test("The collector's own counters cannot be taken, and come back with what is loaded")
    func reserved() throws {
        #expect(throws: InvalidValue.self) { try collector.counter("millrace_metrics_overflow_total") }
        #expect(throws: InvalidValue.self) {
            try collector.define(MetricDefinition(MetricName("millrace_metrics_invalid_total"), .gauge))
        }
        try collector.counter("c_total").add(.nan)
        _ = collector.samples(at: clock.timeOfDay)
        let loaded = MetricsCollector(id: collector.id, definitions: collector.definitions)
        #expect(loaded.definitions == collector.definitions && loaded.definitions.count == 2)
    }
}
