internal import MillraceCore

/// What the latest value is.
enum MetricLatestRules {
    static let all: [ContractRule<MetricsFixture>] = [
        ContractRule("the latest value is the greatest of the present ones, not of those before") { fixture in
            let name = try fixture.name("latest")
            let one = MetricSeries(name, try MetricLabels(["host": "one"]))
            let two = MetricSeries(name, try MetricLabels(["host": "two"]))
            try await fixture.write(one, [0: 100, 20: 5])
            try await fixture.write(two, [0: 50, 25: -3])
            fixture.move(to: 30)
            try await fixture.requireLatest(name, 5, "of 5 and -3")
            try await fixture.requireLatest(name, -3, tags: ["host": "two"], "of -3")
        },
        ContractRule("the latest value is none of a series that has ended or was not heard of for five minutes") {
            fixture in
            let name = try fixture.name("quiet")
            let ended = MetricSeries(name, try MetricLabels(["host": "ended"]))
            let quiet = MetricSeries(name, try MetricLabels(["host": "quiet"]))
            try await fixture.write(ended, [0: 9])
            try await fixture.write(quiet, [10: 2])
            fixture.move(to: 20)
            try await fixture.requireLatest(name, 9, "of both")
            try await fixture.write([.stale(ended, at: fixture.at(25))])
            fixture.move(to: 30)
            try await fixture.requireLatest(name, 2, "of the one that has not ended")
            try await fixture.requireLatest(name, nil, tags: ["host": "ended"], "of the one that has ended")
            fixture.move(to: 309)
            try await fixture.requireLatest(name, 2, "almost five minutes after it was heard of")
            fixture.move(to: 311)
            try await fixture.requireLatest(name, nil, "more than five minutes after it was heard of")
        },
        ContractRule("the latest value looks at no sample that is yet to come") { fixture in
            let name = try fixture.name("coming")
            try await fixture.write(MetricSeries(name), [10: 1, 100: 2])
            fixture.move(to: 99)
            try await fixture.requireLatest(name, 1, "before the second sample")
            fixture.move(to: 100)
            try await fixture.requireLatest(name, 2, "at the second sample")
        },
        ContractRule("what is no number is the latest value of nothing") { fixture in
            let name = try fixture.name("unknown")
            let none = MetricSeries(name, try MetricLabels(["host": "none"]))
            try await fixture.write(none, [0: .nan])
            fixture.move(to: 1)
            try await fixture.requireLatest(name, nil, "of a series whose value is no number")
            try await fixture.write(MetricSeries(name), [1: -.infinity])
            try await fixture.requireLatest(name, -.infinity, "of such a series and one that is less than all numbers")
        },
    ]
}
