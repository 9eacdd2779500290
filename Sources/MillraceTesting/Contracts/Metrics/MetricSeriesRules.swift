internal import MillraceCore

/// Which series there are.
enum MetricSeriesRules {
    static let all: [ContractRule<MetricsFixture>] = [
        ContractRule("the series of a metric are those with a sample in the range, each once and in order") { fixture in
            let name = try fixture.name("listed")
            let labels = try ["b", "a", "B", "é"].map { try MetricLabels(["host": $0]) }
            for seconds in [10.0, 20, 30] {
                try await fixture.write(
                    labels.map { MetricSample(MetricSeries(name, $0), seconds, at: fixture.at(seconds)) })
            }
            let late = MetricSeries(name, try MetricLabels(["host": "late"]))
            try await fixture.write(late, [1_000: 1])
            let early = try await fixture.repository.series(of: name, range: fixture.range(0, 60), tags: .none)
            try requireEqual(early, labels.map { MetricSeries(name, $0) }.sorted(), "the series of the first minute")
            let last = try await fixture.repository.series(of: name, range: fixture.range(900, 1_100), tags: .none)
            try requireEqual(last, [late], "the series of the end")
        },
        ContractRule("without a name the series of all metrics are found, by their tags") { fixture in
            let mark = try MetricLabels(["mark": fixture.name("mark").text])
            let names = try ["second", "first", "third"].map(fixture.name)
            try await fixture.write(
                try names.map { MetricSample(MetricSeries($0, mark), 1, at: fixture.at(1)) }
                    + [
                        MetricSample(
                            MetricSeries(names[0], mark.setting(LabelName("more"), to: "yes")), 1, at: fixture.at(1))
                    ]
                    + [MetricSample(MetricSeries(names[0]), 1, at: fixture.at(1))])
            let found = try await fixture.repository.series(of: nil, range: fixture.range(0, 2), tags: mark)
            let expected =
                try names.map { MetricSeries($0, mark) }
                + [MetricSeries(names[0], mark.setting(LabelName("more"), to: "yes"))]
            try requireEqual(found, expected.sorted(), "the series with the mark")
        },
    ]
}
