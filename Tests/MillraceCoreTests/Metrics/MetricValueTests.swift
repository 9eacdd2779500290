import MillraceCore
import Testing

@Suite struct MetricValueTests {
    @Test(
        "A metric's name is a letter, _ or :, then letters, digits, _ and :",
        arguments: ["a", "_", ":", "a:b_9", "Z0", String(repeating: "n", count: 255)])
    func metricNames(text: String) throws {
        #expect(try MetricName(text).text == text)
    }

    @Test(
        "Other names of metrics are refused with the reason",
        arguments: [
            ("", "must begin"), ("9a", "must begin"), ("a b", "must begin"), ("a-b", "must begin"),
            ("a.b", "must begin"), ("ä", "must begin"), ("a\0", "must begin"), ("a\u{301}", "must begin"),
            (String(repeating: "n", count: 256), "is 256 bytes long"),
        ])
    func badMetricNames(text: String, reason: String) {
        let error = #expect(throws: InvalidValue.self) { try MetricName(text) }
        #expect(error?.kind == "metric name" && error?.reason.hasPrefix(reason) == true)
    }

    @Test(
        "A label's name has no colon, and no two underscores in front, which are Prometheus's own",
        arguments: ["", "9", "a:b", "a b", "__name__", "__", "é", String(repeating: "n", count: 256)])
    func badLabelNames(text: String) {
        #expect(throws: InvalidValue.self) { try LabelName(text) }
        #expect(throws: InvalidValue.self) { try MetricLabels([text: "v"]) }
    }

    @Test("Labels are a set: order does not matter, and a label without a value is none")
    func labels() throws {
        let labels = try MetricLabels(["b": "2", "a": "1", "c": ""])
        #expect(try labels == MetricLabels(["c": "", "a": "1", "b": "2"]))
        #expect(labels.all.map(\.name.text) == ["a", "b"])
        #expect(try labels.setting(LabelName("a"), to: "") == MetricLabels(["b": "2"]))
        #expect(try labels.setting(LabelName("a0"), to: "x").all.map(\.name.text) == ["a", "a0", "b"])
        #expect(try labels.contains(MetricLabels(["b": "2"])) && !labels.contains(MetricLabels(["b": "3"])))
    }

    @Test("Values are compared by their bytes, so two spellings of one letter are two series")
    func exactValues() throws {
        let composed = try MetricSeries(MetricName("m"), MetricLabels(["a": "\u{E9}"]))
        let decomposed = try MetricSeries(MetricName("m"), MetricLabels(["a": "e\u{301}"]))
        #expect(composed != decomposed && composed.fingerprint != decomposed.fingerprint)
        #expect(Set([composed, decomposed]).count == 2)
    }

    @Test("A value may be any text but NUL, up to 16,384 bytes")
    func labelValues() throws {
        #expect(throws: Never.self) { try MetricLabels(["a": String(repeating: "v", count: 16_384)]) }
        #expect(throws: InvalidValue.self) { try MetricLabels(["a": String(repeating: "v", count: 16_385)]) }
        #expect(throws: InvalidValue.self) { try MetricLabels(["a": "b\0"]) }
        let series = try MetricSeries(MetricName("m"), MetricLabels(["a": "\"\\\n\r\u{1F600}"]))
        #expect(series.description == "m{a=\"\\\"\\\\\\n\r\u{1F600}\"}")
    }

    @Test("The fingerprint of a series is the same in every process, and tells parts apart")
    func fingerprints() throws {
        let name = try MetricName("m")
        #expect(MetricSeries(name).fingerprint == 0x08a9_c907_b551_04c5)
        let fingerprints = try Set(
            [
                MetricSeries(name, MetricLabels(["a": "bc"])), MetricSeries(name, MetricLabels(["ab": "c"])),
                MetricSeries(name, MetricLabels(["a": "b", "c": "d"])),
                MetricSeries(MetricName("ma"), MetricLabels(["bc": "d"])),
            ].map(\.fingerprint))
        #expect(fingerprints.count == 4)
    }

    @Test("A percentile outside 0 to 100 is refused", arguments: [-0.1, 100.1, .nan, .infinity, -.infinity])
    func badPercentiles(value: Double) {
        #expect(throws: InvalidValue.self) { try Percentile(value) }
    }

    @Test("A percentile is a quantile in hundredths", arguments: [(0, 0), (95, 0.95), (100, 1)])
    func percentiles(value: Double, quantile: Double) throws {
        #expect(try Percentile(value).quantile == quantile)
    }

    @Test("An empty time range is refused, and a step that is no whole number of milliseconds")
    func badRanges() {
        let (now, later) = (Timestamp(microseconds: 5_000_000), Timestamp(microseconds: 9_000_000))
        #expect(throws: InvalidValue.self) { try TimeRange(from: now, to: now, step: .seconds(1)) }
        #expect(throws: InvalidValue.self) { try TimeRange(from: later, to: now, step: .seconds(1)) }
        for step in [Duration.zero, .seconds(-1), .microseconds(999), .microseconds(1_500), .nanoseconds(1)] {
            #expect(throws: InvalidValue.self) { try TimeRange(from: now, to: later, step: step) }
        }
    }

    @Test("A range has a step at its start, and one at its end when it falls on one; aligned, both are whole steps")
    func ranges() throws {
        func range(_ start: Int64, _ end: Int64, _ step: Int) throws -> TimeRange {
            try TimeRange(
                from: Timestamp(microseconds: start * 1_000), to: Timestamp(microseconds: end * 1_000),
                step: .milliseconds(step))
        }
        #expect(try range(0, 10, 5).stepCount == 3)
        #expect(try range(0, 9, 5).stepCount == 2)
        #expect(try range(3, 11, 5).aligned == range(0, 15, 5))
        #expect(try range(5, 10, 5).aligned == range(5, 10, 5))
        #expect(try range(-3, 1, 5).aligned == range(-5, 5, 5))
    }

    @Test(
        "Buckets need bounds that are finite and grow",
        arguments: [[], [1, 1], [2, 1], [1, .infinity], [.nan], (0...200).map(Double.init)])
    func badBuckets(bounds: [Double]) {
        #expect(throws: InvalidValue.self) { try HistogramBuckets(bounds) }
    }

    @Test("What is not a number is written in one way, never as the end of a series")
    func notANumber() throws {
        let series = try MetricSeries(MetricName("m"))
        let time = Timestamp(microseconds: 0)
        for value in [Double.nan, -.nan, .signalingNaN, StaleMarker.value, Double(bitPattern: 0x7ff0_0000_0000_0001)] {
            let sample = MetricSample(series, value, at: time)
            #expect(!sample.isStale && sample.value.bitPattern == 0x7ff8_0000_0000_0001)
        }
        let end = MetricSample.stale(series, at: time)
        #expect(end.isStale && end.value.bitPattern == 0x7ff0_0000_0000_0002)
        #expect(end == .stale(series, at: time) && end != MetricSample(series, .nan, at: time))
    }

    @Test("A definition refuses a histogram whose series would have names that are too long, and help that is")
    func definitions() throws {
        let long = try MetricName(String(repeating: "n", count: 249))
        #expect(throws: InvalidValue.self) { try MetricDefinition(histogram: long) }
        #expect(throws: Never.self) { try MetricDefinition(long, .counter) }
        let name = try MetricName("m")
        #expect(throws: InvalidValue.self) {
            try MetricDefinition(name, .gauge, help: String(repeating: "h", count: 1_001))
        }
        #expect(throws: InvalidValue.self) { try MetricDefinition(name, .gauge, help: "\0") }
        #expect(throws: InvalidValue.self) { try MetricDefinition(name, .gauge, unit: "") }
    }
}
