internal import MillraceCore

/// What a percentile is.
enum MetricPercentileRules {
    static let all: [ContractRule<MetricsFixture>] = [
        ContractRule("a percentile is interpolated within its bucket, and the greatest bound beyond that") { fixture in
            let histogram = try fixture.name("shared_seconds")
            let counts = [("1", 10.0), ("2", 30), ("5", 40), ("+Inf", 50)]
            // A store knows only by how much the counts have grown since then.
            for earlier in [0.0, 1_000] {
                let labels = ["from": "\(earlier)"]
                try await fixture.writeBuckets(
                    histogram, labels, counts.map { ($0, [5: earlier, 65: earlier + $1]) })
                for (percentile, value) in [
                    (0.0, 0.0), (10, 0.5), (20, 1), (50, 1.75), (60, 2), (70, 3.5), (80, 5), (99, 5), (100, 5),
                ] {
                    try await fixture.requirePercentile(
                        percentile, of: histogram, fixture.range(0, 70), tags: labels, value,
                        "the percentile \(percentile) of counts that began at \(earlier)")
                }
            }
        },
        ContractRule("a percentile needs two samples, an observation, and buckets with and without a bound") {
            fixture in
            let range = try fixture.range(0, 100)
            func require(_ nothing: String, _ counts: [(String, KeyValuePairs<Double, Double>)]) async throws {
                let histogram = try fixture.name(nothing)
                try await fixture.writeBuckets(histogram, [:], counts)
                try await fixture.requirePercentile(50, of: histogram, range, nil, "the median of \(nothing)")
            }
            try await require("one_sample", [("1", [50: 3]), ("+Inf", [50: 3])])
            try await require("no_observation", [("1", [10: 3, 50: 3]), ("+Inf", [10: 4, 50: 4])])
            try await require("no_last_bucket", [("1", [10: 0, 50: 3]), ("2", [10: 0, 50: 3])])
            try await require("one_bucket", [("+Inf", [10: 0, 50: 3])])
            try await require("one_sample_in_range", [("1", [50: 3, 110: 5]), ("+Inf", [50: 3, 110: 5])])
        },
        ContractRule("the first bucket begins at zero, or is its bound when that is not above it") { fixture in
            let histogram = try fixture.name("below_zero")
            try await fixture.writeBuckets(
                histogram, [:], [("-2", [5: 0, 65: 10]), ("4", [5: 0, 65: 20]), ("+Inf", [5: 0, 65: 20])])
            try await fixture.requirePercentile(25, of: histogram, fixture.range(0, 70), -2, "in the bucket up to -2")
            try await fixture.requirePercentile(75, of: histogram, fixture.range(0, 70), 1, "halfway from -2 to 4")
        },
        ContractRule("what a histogram counted before it began anew is not lost to a percentile") { fixture in
            let histogram = try fixture.name("restarted")
            try await fixture.writeBuckets(
                histogram, [:],
                [
                    ("1", [0: 100, 60: 110, 120: 5]), ("2", [0: 120, 60: 140, 120: 25]),
                    ("+Inf", [0: 120, 60: 140, 120: 25]),
                ])
            // 15 up to 1, 45 in all.
            try await fixture.requirePercentile(20, of: histogram, fixture.range(-10, 130), 0.6, "of 9 in 15")
            try await fixture.requirePercentile(60, of: histogram, fixture.range(-10, 130), 1.4, "of 27, 12 in 30")
        },
        ContractRule("a percentile adds up the series that have the tags") { fixture in
            let histogram = try fixture.name("hosts")
            for (host, low, all) in [("one", 30.0, 40.0), ("two", 10, 60)] {
                try await fixture.writeBuckets(
                    histogram, ["host": host],
                    [("1", [5: 0, 65: low]), ("2", [5: 0, 65: all]), ("+Inf", [5: 0, 65: all])])
            }
            for (tags, expected) in [([:], 1 + 10.0 / 60), (["host": "one"], 20.0 / 30), (["host": "two"], 1.4)]
                as [([String: String], Double)]
            {
                try await fixture.requirePercentile(
                    50, of: histogram, fixture.range(0, 70), tags: tags, expected, "the median with \(tags)")
            }
            try await fixture.requirePercentile(
                50, of: histogram, fixture.range(0, 70), tags: ["host": "three"], nil,
                "the median of a host without series")
        },
        ContractRule("a percentile sees what lies in its range, whether the series has ended or not") { fixture in
            let histogram = try fixture.name("stretches")
            let labels = try ["1", "2", "+Inf"].map { try MetricLabels(["le": $0]) }
            let bucket = try histogram.buckets()
            for (seconds, counts) in [
                (10.0, [0.0, 0, 0]), (70, [10, 10, 10]), (600, [10, 10, 10]), (660, [10, 30, 30]),
            ] {
                try await fixture.write(
                    zip(labels, counts).map { MetricSample(MetricSeries(bucket, $0), $1, at: fixture.at(seconds)) })
            }
            try await fixture.write(labels.map { .stale(MetricSeries(bucket, $0), at: fixture.at(665)) })
            for (start, end, expected) in [(0.0, 80.0, 0.5), (590, 670, 1.5), (0, 670, 1.25), (100, 500, nil)]
                as [(Double, Double, Double?)]
            {
                try await fixture.requirePercentile(
                    50, of: histogram, fixture.range(start, end), expected, "the median from \(start) to \(end) seconds"
                )
            }
        },
    ]
}

extension MetricsFixture {
    /// Writes the counts of a histogram's buckets, by their bounds and the seconds at which they were so.
    func writeBuckets(
        _ histogram: MetricName, _ labels: [String: String], _ counts: [(String, KeyValuePairs<Double, Double>)]
    ) async throws {
        let name = try histogram.buckets()
        let samples = try counts.flatMap { bound, values in
            let series = MetricSeries(name, try MetricLabels(labels).setting(.le, to: bound))
            return values.map { MetricSample(series, $0.value, at: at($0.key)) }
        }
        try await write(samples)
    }
}
