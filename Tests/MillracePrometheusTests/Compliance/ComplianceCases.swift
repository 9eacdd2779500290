import MillraceCore
import MillracePrometheus
import SwiftProtobuf
import TestServers

/// The cases of the compliance suite for senders of remote write 1.0, as far as they are about a sender and not about a
/// program that fetches metrics over HTTP, and those of the suite for 2.0 that hold for 1.0 too.
///
/// Not applicable, since nothing is scraped and there are no summaries: `Up`, `Invalid`, `HonorLabels`, `Summary`.
enum ComplianceCases {
    /// All cases, with samples of the last minutes.
    static func all() throws -> [ComplianceCase] {
        try kinds() + labels() + values() + protocolCases() + ComplianceFaults.all()
    }

    /// A time, so many seconds after two minutes ago.
    static func time(_ seconds: Double) -> Timestamp {
        SystemWallClock().now() - .seconds(120) + .milliseconds(Int64(seconds * 1_000))
    }

    /// A sample with labels of its own.
    static func sample(
        _ name: String, _ labels: [String: String] = [:], _ value: Double = 1, at time: Timestamp
    ) throws -> MetricSample {
        MetricSample(MetricSeries(try MetricName(name), try MetricLabels(labels)), value, at: time)
    }

    // MARK: - Kinds of metrics

    private static func kinds() throws -> [ComplianceCase] {
        let start = time(0)
        let collector = MetricsCollector(
            id: .make(at: SystemWallClock().now()),
            constantLabels: try MetricLabels(["job": "test", "instance": "here:0"]))
        let counter = try collector.counter("counter_total")
        let gauge = try collector.gauge("gauge")
        let histogram = try collector.histogram("histogram_seconds", buckets: HistogramBuckets([1, 2]))
        var batches: [[MetricSample]] = []
        for step in 0..<5 {
            gauge.set(Double(step) - 2)
            histogram.observe(Double(step))
            batches.append(collector.samples(at: start + .seconds(step)))
            counter.increment()
        }
        batches.append(collector.staleMarkers(at: start + .seconds(5)))
        func only(_ name: String) -> [[MetricSample]] {
            batches.map { $0.filter { $0.series.name.text.hasPrefix(name) } }
        }
        let ends = only("gauge").map { $0.filter { $0.isStale } }
        return [
            ComplianceCase(name: "Counter", batches: only("counter")),
            ComplianceCase(name: "Gauge", batches: only("gauge")),
            ComplianceCase(
                name: "Histogram", batches: only("histogram"),
                check: { receiver in
                    let series = receiver.taken
                    let counts = ["le=1", "le=2", "le=+Inf", "_sum", "_count"].map { ending in
                        series.first { $0.key.contains(ending) }?.value.count ?? 0
                    }
                    return Set(counts).count == 1 && counts[0] > 0
                        ? [] : ["buckets, sum and count: \(counts)"]
                }),
            ComplianceCase(name: "JobLabel", batches: only("counter"), check: has("job=test")),
            ComplianceCase(
                name: "InstanceLabel", batches: only("counter"), check: has("instance=here:0")),
            ComplianceCase(
                name: "Staleness", batches: only("gauge"),
                check: { receiver in
                    let last = receiver.taken.values.map { $0.last?.value }
                    return !ends.isEmpty && last == [0x7FF0_0000_0000_0002]
                        ? [] : ["the last value is \(last)"]
                }),
        ]
    }

    /// Every series that comes has a label.
    private static func has(_ label: String) -> @Sendable (ComplianceReceiver) -> [String] {
        { receiver in
            receiver.taken.keys.filter { !$0.split(separator: "\u{1F}").contains(label[...]) }.map {
                "\($0) lacks \(label)"
            }
        }
    }

    // MARK: - Labels

    private static func labels() throws -> [ComplianceCase] {
        func one(_ name: String, _ labels: [String: String], metric: String = "m") throws
            -> ComplianceCase
        {
            ComplianceCase(name: name, batches: [[try sample(metric, labels, at: time(0))]])
        }
        let many = Dictionary(uniqueKeysWithValues: (0..<100).map { ("label_\($0)", "\($0)") })
        return [
            try one("SortedLabels", ["b": "1", "a": "2", "Z": "3", "_x": "4", "c": "5", "aa": "6"]),
            try one("RepeatedLabels", ["a": "1", "A": "2"]),
            try one("EmptyLabels", ["empty": "", "full": "x"]),
            try one("NameLabel", [:], metric: "a_name"),
            try one("metric_name_with_colons", [:], metric: "a:b:c"),
            try one("unicode_in_label_values", ["a": "日本語 é e\u{301} \u{1F600}"]),
            try one("special_chars_in_label_values", ["a": "\\ \" \n \t {} = , \u{1}"]),
            try one("very_long_label_names", [String(repeating: "n", count: 255): "1"]),
            try one("very_long_metric_name", [:], metric: String(repeating: "m", count: 255)),
            try one("huge_label_values", ["a": String(repeating: "v", count: 10_000)]),
            try one("many_labels_per_series", many),
        ]
    }

    // MARK: - Values and times

    private static func values() throws -> [ComplianceCase] {
        func one(_ name: String, _ values: [Double]) throws -> ComplianceCase {
            let batches = try values.enumerated().map { [try sample("m", [:], $1, at: time(Double($0)))] }
            return ComplianceCase(name: name, batches: batches)
        }
        return [
            try one("float_value_encoding", [0.1, -273.15, .pi, 1e-300]),
            try one("integer_value_encoding", [1, 2, 9_007_199_254_740_991]),
            try one("zero_value_encoding", [0, -0.0]),
            try one("infinity_values", [.infinity, -.infinity]),
            try one("nan_value_encoding", [.nan]),
            try one(
                "extreme_float_values",
                [.greatestFiniteMagnitude, .leastNonzeroMagnitude, -.greatestFiniteMagnitude]),
            try one("multiple_samples_same_series", (0..<50).map(Double.init)),
            ComplianceCase(
                name: "Timestamp",
                batches: [[try sample("m", at: time(0))], [try sample("m", at: time(0.001))]],
                check: { receiver in
                    let now = SeriesEncoder.milliseconds(of: SystemWallClock().now())
                    return receiver.taken.values.joined().filter {
                        $0.time > now || $0.time < now - 3_600_000
                    }.map {
                        "\($0.time) is no time in milliseconds of the last hour"
                    }
                }),
        ]
    }

    // MARK: - The protocol

    private static func protocolCases() throws -> [ComplianceCase] {
        let plain = [[try sample("m", ["a": "b"], at: time(0))]]
        let series = (0..<1_000).map { ["series": "\($0)"] }
        let steps = try (0..<3).map { step in
            try series.map { try sample("m", $0, at: time(Double(step))) }
        }
        return [
            ComplianceCase(name: "Headers", batches: plain),
            ComplianceCase(name: "HTTPMethod", batches: plain),
            ComplianceCase(name: "snappy_block_format", batches: plain),
            ComplianceCase(name: "rw1_metadata_handling", batches: plain),
            ComplianceCase(
                name: "BearerToken", batches: plain, environment: ["MILLRACE_PROMETHEUS_TOKEN": "secret"],
                check: everyRequest("authorization", "Bearer secret")),
            ComplianceCase(
                name: "CustomHeaders", batches: plain,
                environment: ["MILLRACE_PROMETHEUS_HEADERS": "X-Scope-OrgID=one"],
                check: everyRequest("x-scope-orgid", "one")),
            ComplianceCase(
                name: "Ordering", batches: steps,
                answer: { _, _ in
                    try? await Task.sleep(for: .milliseconds(Int.random(in: 0...50)))
                    return HTTPTestAnswer(status: 204)
                }),
            ComplianceCase(
                name: "multiple_series_per_request", batches: [steps[0]],
                check: {
                    $0.requests.count <= 20 ? [] : ["\($0.requests.count) requests for a thousand series"]
                }),
            ComplianceCase(
                name: "batch_size_reasonable",
                batches: [try (0..<12_000).map { try sample("m", ["a": "\($0)"], at: time(0)) }],
                check: { receiver in
                    receiver.requests.compactMap { $0.content?.timeseries.count }.filter { $0 > 10_000 }.map {
                        "\($0) series"
                    }
                }),
        ]
    }

    private static func everyRequest(
        _ header: String, _ value: String
    ) -> @Sendable (ComplianceReceiver) -> [String] {
        { receiver in
            receiver.requests.filter { $0.request.header(header) != value }.map { _ in
                "\(header) is not \(value)"
            }
        }
    }
}
