import MillraceCore
import MillraceTesting
import Testing

@Suite struct MetricSamplesTests {
    private let clock = ManualClock()
    private let collector: MetricsCollector

    init() {
        collector = .test(clock: clock)
    }

    private func samples(after time: Duration = .seconds(5)) -> [MetricSample] {
        clock.advance(by: time)
        return collector.samples(at: clock.timeOfDay)
    }

    @Test("A counter begins with a zero at the time when it was made, so that a rate sees what a short run did")
    func zeroOfCounters() throws {
        _ = samples()
        clock.advance(by: .seconds(2))
        let made = clock.timeOfDay
        try collector.counter("c_total").increment(by: 7)
        let first = samples()
        #expect(first.map(\.value) == [0, 7] && first.map(\.time) == [made, clock.timeOfDay])
        #expect(samples().map(\.value) == [7])
    }

    @Test("Each series of a histogram begins with a zero, a gauge does not")
    func zeroOfHistograms() throws {
        let histogram = try collector.histogram("h", buckets: HistogramBuckets([1]))
        try collector.gauge("g").set(3)
        histogram.observe(0.5)
        let zeros = samples().filter { $0.value == 0 }
        #expect(
            zeros.map(\.series.description) == ["h_bucket{le=\"1\"}", "h_bucket{le=\"+Inf\"}", "h_sum", "h_count"])
    }

    @Test("A zero is a millisecond before the value at least, and not quite five minutes at most")
    func placeOfZeros() throws {
        _ = try collector.counter("a_total")
        let first = collector.samples(at: clock.timeOfDay)
        #expect(first.map(\.time) == [clock.timeOfDay - .milliseconds(1), clock.timeOfDay])
        _ = try collector.counter("b_total")
        let late = samples(after: .seconds(4_000)).filter { $0.series.name.text == "b_total" }
        #expect(late.map(\.time) == [clock.timeOfDay - .milliseconds(299_998), clock.timeOfDay])
    }

    @Test("No zero is older than the labels of the collector, which another process may have had before")
    func zeroOfLateLabels() throws {
        try collector.counter("c_total").increment()
        clock.advance(by: .seconds(60))
        collector.constantLabels = try MetricLabels(["instance": "a:0"])
        let labelled = clock.timeOfDay
        let first = samples()
        #expect(first.map(\.value) == [0, 1])
        #expect(first[0].time >= labelled && first[0].time < labelled + .milliseconds(4))
    }

    @Test("Times are whole milliseconds that always go on, whatever the host's clock does")
    func timesGoOn() throws {
        try collector.gauge("g").set(1)
        let start = clock.timeOfDay
        let asked = [0, 0, 1_999, -3_600_000_000, 3_500, 3_999, 10_700].map { start + .microseconds($0) }
        let given = asked.map { (collector.samples(at: $0)[0].time - start).wholeMicroseconds }
        #expect(given == [0, 1_000, 2_000, 3_000, 4_000, 5_000, 10_000])
    }

    @Test("A removed series gives its last value and then its end, once")
    func removal() throws {
        let counter = try collector.counter("c_total")
        counter.increment()
        _ = samples()
        counter.increment()
        clock.advance(by: .seconds(1))
        let removed = clock.timeOfDay
        collector.remove(counter)
        collector.remove(counter)
        let last = samples()
        #expect(last.map(\.isStale) == [false, true])
        #expect(last[0].value == 2 && last[0].time == removed && last[1].time == clock.timeOfDay)
        #expect(samples().isEmpty && collector.staleMarkers(at: clock.timeOfDay).isEmpty)
        counter.increment()
        #expect(samples().isEmpty)
    }

    @Test("A series that begins and ends between two looks is told with its zero, its value and its end")
    func shortLife() throws {
        _ = samples()
        let counter = try collector.counter("c_total")
        counter.increment(by: 9)
        collector.remove(counter)
        // As near as can be: the three samples need a millisecond each.
        let all = collector.samples(at: clock.timeOfDay)
        #expect(all.map { $0.isStale ? -1 : $0.value } == [0, 9, -1])
        #expect(all[0].time < all[1].time && all[1].time < all[2].time)
    }

    @Test("A gauge without a value ends without a word")
    func unsetGauge() throws {
        collector.remove(try collector.gauge("g"))
        #expect(samples().isEmpty)
    }

    @Test("Samples that could not be kept are given again, first and in their order, once")
    func givenBack() throws {
        let counter = try collector.counter("c_total")
        counter.increment()
        let first = samples()
        collector.remove(counter)
        let second = samples()
        collector.takeBack(second)
        collector.takeBack(first)
        try collector.gauge("g").set(1)
        let all = samples()
        #expect(Array(all.prefix(4)) == first + second && all.count == 5)
        collector.takeBack(all)
        #expect(samples().count == 6 && samples().count == 1)
    }

    @Test("No more than 200,000 that could not be kept wait, and it is said how many are given up for that")
    func tooManyGivenBack() throws {
        try collector.gauge("g").set(1)
        let sample = try #require(samples().first)
        #expect(collector.takeBack(Array(repeating: sample, count: 199_999)) == 0)
        #expect(collector.takeBack(Array(repeating: sample, count: 4)) == 3)
        #expect(samples().count == 200_001)
    }

    @Test("Made again before its end was told, a counter goes on, and a gauge has no value")
    func madeAgain() throws {
        let (counter, gauge) = (try collector.counter("c_total"), try collector.gauge("g"))
        counter.increment(by: 3)
        gauge.set(3)
        _ = samples()
        collector.remove(counter)
        collector.remove(gauge)
        try collector.counter("c_total").increment()
        _ = try collector.gauge("g")
        let all = samples()
        #expect(all.map(\.isStale) == [false, true] && all[0].value == 4)
        try collector.gauge("g").set(5)
        #expect(samples().map(\.value) == [4, 5])
    }

    @Test("Made again after its end was told, a series is new, and its old handle is no longer heard of")
    func madeAnew() throws {
        let old = try collector.counter("c_total")
        old.increment(by: 3)
        _ = samples()
        collector.remove(old)
        _ = samples()
        let new = try collector.counter("c_total")
        new.increment()
        old.increment()
        collector.remove(old)
        #expect(new !== old && samples().map(\.value) == [0, 1])
    }

    @Test("All series of a metric end together; its definition stays")
    func removesAll() throws {
        for value in ["1", "2"] { try collector.gauge("g", labels: ["a": value]).set(1) }
        _ = samples()
        collector.removeAll(of: try MetricName("g"))
        collector.removeAll(of: try MetricName("unknown"))
        #expect(samples().map(\.isStale) == [false, true, false, true])
        #expect(samples().isEmpty && collector.definitions.map(\.name.text) == ["g"])
    }

    @Test("What a process says last is the end of every series that it has told, later than anything else")
    func lastWords() throws {
        let histogram = try collector.histogram("h", buckets: HistogramBuckets([1]))
        histogram.observe(1)
        try collector.gauge("g").set(1)
        _ = try collector.gauge("unset")
        let told = collector.samples(at: clock.timeOfDay)
        let markers = collector.staleMarkers(at: clock.timeOfDay)
        #expect(markers.allSatisfy { $0.isStale && $0.time > clock.timeOfDay })
        #expect(Set(markers.map(\.series)) == Set(told.map(\.series)) && markers.count == 5)
        #expect(collector.staleMarkers(at: clock.timeOfDay + .seconds(1)).isEmpty)
        // And when it goes on after all, its counters do not begin at zero.
        #expect(collector.samples(at: clock.timeOfDay + .seconds(2)).allSatisfy { $0.value == 1 })
    }

    @Test("The end of a removed series may be a process's last word too")
    func lastWordsOfRemoved() throws {
        let gauge = try collector.gauge("g")
        gauge.set(1)
        _ = samples()
        collector.remove(gauge)
        #expect(collector.staleMarkers(at: clock.timeOfDay).map(\.isStale) == [true])
        #expect(samples().isEmpty)
    }

    @Test(
        "Bounds are written as Prometheus writes them",
        arguments: [
            (0.5, "0.5"), (1, "1"), (10, "10"), (2.5, "2.5"), (0, "0"), (-0.0, "-0"), (-1.25, "-1.25"),
            (0.0001, "0.0001"), (0.00001, "1e-05"), (0.000123, "0.000123"), (100_000, "100000"),
            (123_456.7, "123456.7"), (1_000_000, "1e+06"), (1_234_567, "1.234567e+06"), (1e21, "1e+21"),
            (1e100, "1e+100"), (.leastNonzeroMagnitude, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (0.1 + 0.2, "0.30000000000000004"),
            (67_108_864, "6.7108864e+07"),
        ])
    func bounds(number: Double, text: String) {
        #expect(MetricsCollector.boundText(number) == text)
    }

    @Test("Bounds that are written are the same number when they are read")
    func boundsComeBack() {
        var random = TestSeed.generator()
        for _ in 0..<2_000 {
            let number = Double(bitPattern: random.next())
            guard number.isFinite else { continue }
            #expect(Double(MetricsCollector.boundText(number)) == number)
        }
    }
}
