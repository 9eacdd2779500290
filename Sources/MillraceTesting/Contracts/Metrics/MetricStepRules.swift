internal import MillraceCore

/// Which values a series has at which steps.
enum MetricStepRules {
    static let all: [ContractRule<MetricsFixture>] = [
        ContractRule("a series has at each step the newest value up to it") { fixture in
            let name = try fixture.name("level")
            try await fixture.write(MetricSeries(name), [10: 1, 70: 2, 80: 3, 120: 4, 130: 5])
            try await fixture.requireValues(
                name, fixture.range(0, 180), "at 60, 120 and 180 seconds", [([:], [60: 1, 120: 4, 180: 5])])
        },
        ContractRule("the steps begin at the start of the range, and the end is one when it falls on a step") {
            fixture in
            let name = try fixture.name("steps")
            try await fixture.write(MetricSeries(name), [1: 1, 50: 2])
            try await fixture.requireValues(
                name, fixture.range(7, 67, step: 20), "from 7 seconds on, every 20",
                [([:], [7: 1, 27: 1, 47: 1, 67: 2])])
            try await fixture.requireValues(
                name, fixture.range(7, 66.999, step: 20), "a millisecond less", [([:], [7: 1, 27: 1, 47: 1])])
            try await fixture.requireValues(
                name, fixture.range(1, 1.002, step: 0.001), "every millisecond", [([:], [1: 1, 1.001: 1, 1.002: 1])])
        },
        ContractRule("a sample counts for five minutes and no longer") { fixture in
            let name = try fixture.name("old")
            try await fixture.write(MetricSeries(name), [30: 7, 700: 8])
            try await fixture.requireValues(
                name, fixture.range(0, 720, step: 120), "with nothing written between 30 and 700 seconds",
                [([:], [120: 7, 240: 7, 720: 8])])
            try await fixture.requireValues(
                name, fixture.range(329, 332, step: 2), "about five minutes later", [([:], [329: 7])])
            try await fixture.requireValues(name, fixture.range(340, 690, step: 5), "in between", [])
        },
        ContractRule("a series that has ended has no value until it has a newer sample") { fixture in
            let series = MetricSeries(try fixture.name("ended"))
            try await fixture.write(series, [10: 1])
            try await fixture.write([.stale(series, at: fixture.at(100))])
            try await fixture.requireValues(
                series.name, fixture.range(0, 240), "ended at 100 seconds", [([:], [60: 1])])
            try await fixture.write(series, [200: 2])
            try await fixture.requireValues(
                series.name, fixture.range(0, 240), "begun again at 200 seconds", [([:], [60: 1, 240: 2])])
        },
        ContractRule("a sample that is written again counts once, and changes nothing") { fixture in
            let series = MetricSeries(try fixture.name("again_bucket"), try MetricLabels(["le": "1"]))
            let all = MetricSeries(series.name, try MetricLabels(["le": "+Inf"]))
            for _ in 0..<2 {
                try await fixture.write(
                    [(0.0, 0.0), (60, 10), (120, 20)].flatMap { seconds, value in
                        [series, all].map { MetricSample($0, value, at: fixture.at(seconds)) }
                    })
            }
            let values: KeyValuePairs<Double, Double> = [1: 0, 61: 10, 121: 20]
            try await fixture.requireValues(
                series.name, fixture.range(1, 121), "written twice", [(["le": "+Inf"], values), (["le": "1"], values)])
            try await fixture.requirePercentile(
                50, of: try fixture.name("again"), fixture.range(0, 121), 0.5, "the median of what was written twice")
        },
        ContractRule("nothing is found of a metric that has no samples, or none within reach") { fixture in
            let name = try fixture.name("nothing")
            func requireNothing(_ what: String) async throws {
                try await fixture.requireValues(name, fixture.range(0, 120), "the values \(what)", [])
                try await fixture.requireLatest(name, nil, "the latest value \(what)")
                try await fixture.requirePercentile(95, of: name, fixture.range(0, 120), nil, "the percentile \(what)")
                let series = try await fixture.repository.series(of: name, range: fixture.range(0, 120), tags: .none)
                try requireEqual(series, [], "the series \(what)")
            }
            try await requireNothing("of no samples")
            try await fixture.write(MetricSeries(name), [600: 1])
            try await requireNothing("before the first sample")
            try await fixture.write([])
        },
    ]
}
