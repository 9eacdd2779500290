internal import MillraceCore

/// What is kept for how long, and how much work it is.
enum MetricRetentionRules {
    static let all: [ContractRule<MetricsFixture>] = [
        ContractRule("samples that are older than they are kept go as others are written, and younger ones stay") {
            fixture in
            let names = try (0..<3).map { try fixture.name("kept_\($0)") }
            for name in names {
                try await fixture.write(MetricSeries(name), [0: 1, 600: 2])
            }
            fixture.move(to: 890)
            try await fixture.write(MetricSeries(names[0]), [890: 3])
            for name in names {
                let series = try await fixture.repository.series(of: name, range: fixture.range(0, 300), tags: .none)
                try requireEqual(series, [MetricSeries(name)], "the series with samples of almost a quarter of an hour")
            }
            fixture.move(to: 910)
            try await fixture.write(MetricSeries(names[0]), [910: 4])
            for name in names {
                let old = try await fixture.repository.series(of: name, range: fixture.range(0, 300), tags: .none)
                try requireEqual(old, [], "the series with samples of more than a quarter of an hour")
                let young = try await fixture.repository.series(of: name, range: fixture.range(590, 610), tags: .none)
                try requireEqual(young, [MetricSeries(name)], "the series with samples of five minutes")
            }
        },
        ContractRule("as much that is old goes with each write that what is kept comes to an end") { fixture in
            let name = try fixture.name("ending")
            let labels = try (0..<50).map { try MetricLabels(["number": "\($0)"]) }
            for second in 0..<20 {
                try await fixture.write(
                    labels.map { MetricSample(MetricSeries(name, $0), 1, at: fixture.at(Double(second))) })
            }
            fixture.move(to: 1_000)
            // Of 1,000 that are old, at least 100 go with each.
            for second in 0..<10 {
                try await fixture.write(MetricSeries(name), [1_000 + Double(second): 1])
            }
            let old = try await fixture.repository.series(of: name, range: fixture.range(0, 100), tags: .none)
            try requireEqual(old, [], "the series with old samples after ten writes")
        },
    ]

    static let statements: [ContractRule<MetricsFixture>] = [
        ContractRule("a batch is written by as many statements as a sample") { fixture in
            guard let statementCount = fixture.statementCount else {
                throw ContractViolation("this rule needs a fixture with `statementCount`")
            }
            let name = try fixture.name("batch")
            var counts: [Int] = []
            for (second, size) in [1, 500].enumerated() {
                let samples = try (0..<size).map {
                    MetricSample(
                        MetricSeries(name, try MetricLabels(["number": "\($0)"])), 1, at: fixture.at(Double(second)))
                }
                let before = statementCount()
                try await fixture.repository.write(samples)
                counts.append(statementCount() - before)
            }
            try requireEqual(counts[1], counts[0], "the statements for 500 samples")
        }
    ]
}
