internal import MillraceCore

/// What values are kept.
enum MetricValueRules {
    static let all: [ContractRule<MetricsFixture>] = [
        ContractRule("values of every kind come back as they were") { fixture in
            let name = try fixture.name("kinds")
            let values: [Double] = [
                0, 1, -1, 0.1, 1e300, -1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, -.infinity,
                StaleMarker.otherNaN, 9_007_199_254_740_992, 1.0 / 3, .pi,
            ]
            try await fixture.write(
                values.enumerated().map { MetricSample(MetricSeries(name), $1, at: fixture.at(Double($0))) })
            let found = try await fixture.repository.queryTimeSeries(
                name, range: fixture.range(0, Double(values.count - 1), step: 1), tags: .none)
            try requireEqual(found.count, 1, "the series found")
            func text(_ value: Double) -> String { value.isNaN ? "no number" : "\(value)" }
            try requireEqual(found[0].values.map { text($0.value) }, values.map(text), "the values")
        },
        ContractRule("many series are written at once, and none is left out") { fixture in
            let name = try fixture.name("many")
            let labels = try (0..<3_000).map { try MetricLabels(["number": "\($0)", "half": "\($0 % 2)"]) }
            try await fixture.write(
                labels.enumerated().map { MetricSample(MetricSeries(name, $1), Double($0), at: fixture.at(1)) })
            let found = try await fixture.repository.series(of: name, range: fixture.range(0, 2), tags: .none)
            try requireEqual(found.map(\.labels), labels.sorted(), "the labels of the series found")
            fixture.move(to: 10)
            try await fixture.requireLatest(name, 2_999, "the greatest of all")
            try await fixture.requireLatest(name, 2_998, tags: ["half": "0"], "the greatest of one half")
        },
    ]
}
