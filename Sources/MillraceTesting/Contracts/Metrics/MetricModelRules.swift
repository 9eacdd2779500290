internal import MillraceCore

/// That answers are those of the model in the core, which are Prometheus's, for whatever was written.
enum MetricModelRules {
    static let all: [ContractRule<MetricsFixture>] = [
        ContractRule("whatever was written, values and percentiles are those of the model") { fixture in
            var random = SeededGenerator(seed: fixture.seed)
            let histogram = try fixture.name("random")
            let name = try histogram.buckets()
            let samples = try Self.samples(of: name, using: &random)
            let model = InMemoryMetricsRepository(InMemoryStore(clock: fixture.clock))
            for start in stride(from: 0, to: samples.count, by: 1_000) {
                let batch = samples[start..<min(start + 1_000, samples.count)].map { sample in
                    let time = fixture.base + .microseconds(sample.time.microseconds)
                    return sample.isStale
                        ? .stale(sample.series, at: time) : MetricSample(sample.series, sample.value, at: time)
                }
                try await model.write(batch)
                try await fixture.repository.write(batch)
            }
            try await fixture.settle()
            for _ in 0..<20 {
                let start = Double.random(in: 0..<1_200, using: &random).rounded()
                let end = start + Double.random(in: 1...600, using: &random).rounded()
                let range = try fixture.range(start, end, step: [0.5, 7, 15, 60].randomElement(using: &random) ?? 1)
                let tags = try MetricLabels([[:], ["host": "0"], ["le": "1"]].randomElement(using: &random) ?? [:])
                let what = "from \(start) to \(end) seconds, tags \(tags.byName), seed \(fixture.seed)"
                let found = try await fixture.repository.queryTimeSeries(name, range: range, tags: tags)
                let expected = try await model.queryTimeSeries(name, range: range, tags: tags)
                try requireEqual(found.map(\.series), expected.map(\.series), "the series \(what)")
                for (found, expected) in zip(found, expected) {
                    try requireEqual(found, expected, "the values \(what)")
                }
                let percentile = try Percentile(Double.random(in: 5...95, using: &random))
                try requireNear(
                    try await fixture.repository.percentile(percentile, of: histogram, range: range, tags: tags),
                    try await model.percentile(percentile, of: histogram, range: range, tags: tags),
                    "the percentile \(percentile.value) \(what)")
            }
        }
    ]

    /// Samples of buckets of three hosts that come at odd times, with gaps, restarts and ends, in order of time from zero on.
    ///
    /// No time is a multiple of ten milliseconds, so that none lies at the end of what a query looks at.
    private static func samples(
        of name: MetricName, using random: inout SeededGenerator
    ) throws -> [MetricSample] {
        var samples: [MetricSample] = []
        for host in 0..<3 {
            let pace = Double.random(in: 1...60, using: &random)
            for bound in ["0.5", "1", "2.5", "+Inf"] {
                let series = MetricSeries(name, try MetricLabels(["host": "\(host)", "le": bound]))
                var seconds = Double.random(in: 0...100, using: &random)
                var value = Bool.random(using: &random) ? 0 : Double.random(in: 0...50, using: &random).rounded()
                while seconds < 1_450 {
                    let time = Timestamp(microseconds: Int64(seconds * 100) * 10_000 + 3_000)
                    let chance = Int.random(in: 0..<40, using: &random)
                    samples.append(chance == 0 ? .stale(series, at: time) : MetricSample(series, value, at: time))
                    value = chance == 1 ? 0 : value + Double.random(in: 0...20, using: &random).rounded()
                    seconds += chance == 2 ? 320 : Double.random(in: 0.02...2 * pace, using: &random)
                }
            }
        }
        return samples.sorted { $0.time < $1.time }
    }
}
