internal import MillraceCore

/// Which series a query means.
enum MetricTagRules {
    /// Values of labels that a careless store mixes up, each in two forms that differ.
    private static let values = [
        #"a"b"#, #"a\b"#, "a\nb", "a\\nb", "a'b", "a%b", "a_b", "axb", "*", "{}", "\"", "\\", "é", "e\u{301}", "日本",
        "A",
        "a", " a", "a ", "+Inf", "null", "1", "1.0", "true", "$1", "\u{1}", "🎙",
    ]

    static let all: [ContractRule<MetricsFixture>] = [
        ContractRule("tags choose the series that have all of them, whatever others they have") { fixture in
            let name = try fixture.name("chosen")
            let labels = [
                ["zone": "a", "tier": "l1"], ["zone": "a", "tier": "l2"], ["zone": "b", "tier": "l1"], ["zone": "a"],
                [:],
            ]
            try await fixture.write(
                try labels.enumerated().map { number, labels in
                    MetricSample(MetricSeries(name, try MetricLabels(labels)), Double(number), at: fixture.at(0))
                })
            for (tags, numbers) in [
                ([:], [4, 0, 2, 1, 3]), (["zone": "a"], [0, 1, 3]), (["tier": "l1"], [0, 2]),
                (["tier": "l1", "zone": "a"], [0]), (["zone": "c"], []), (["le": "1"], []), (["tier": "zone"], []),
            ] as [([String: String], [Int])] {
                try await fixture.requireValues(
                    name, fixture.range(0, 60, step: 120), tags: tags, "the series with \(tags)",
                    numbers.map { (labels[$0], [0: Double($0)]) })
                let series = try await fixture.repository.series(
                    of: name, range: fixture.range(0, 60), tags: MetricLabels(tags))
                try requireEqual(
                    series, numbers.map { MetricSeries(name, try MetricLabels(labels[$0])) },
                    "the series listed for \(tags)")
            }
            for (tags, latest) in [(["zone": "a"], 3), (["tier": "l1"], 2), (["zone": "c"], nil)]
                as [([String: String], Double?)]
            {
                try await fixture.requireLatest(name, latest, tags: tags, "the latest value with \(tags)")
            }
        },
        ContractRule("a name means itself alone") { fixture in
            let names = try ["a_b", "axb", "a_b_more", "a_", "A_B", "a:b"].map(fixture.name)
            for (number, name) in names.enumerated() {
                try await fixture.write(MetricSeries(name), [0: Double(number)])
            }
            for (number, name) in names.enumerated() {
                try await fixture.requireValues(
                    name, fixture.range(0, 30), "the metric \(number)", [([:], [0: Double(number)])])
                try await fixture.requireLatest(name, Double(number), "the latest value of the metric \(number)")
            }
        },
        ContractRule("label values of any characters come back byte for byte, and mean themselves alone") { fixture in
            let name = try fixture.name("spelled")
            let labels = try values.map { try MetricLabels(["value": $0]) }
            try await fixture.write(
                labels.enumerated().map { MetricSample(MetricSeries(name, $1), Double($0), at: fixture.at(0)) })
            let found = try await fixture.repository.queryTimeSeries(
                name, range: fixture.range(0, 30), tags: .none)
            try requireEqual(found.map(\.series.labels), labels.sorted(), "all labels, in order of their bytes")
            for (number, labels) in labels.enumerated() {
                let found = try await fixture.repository.queryTimeSeries(
                    name, range: fixture.range(0, 30), tags: labels)
                try requireEqual(
                    found,
                    [
                        MetricTimeSeries(
                            MetricSeries(name, labels), [TimestampedValue(Double(number), at: fixture.at(0))])
                    ], "the series whose label is \(values[number].debugDescription)")
            }
        },
    ]
}
