import MillraceCore
import TestServers
import Testing

@testable import MillracePrometheus

@Suite("What the real server has no data of is no number", .timeLimit(.minutes(10)))
struct NoDataTests {
    /// A time of a sample in seconds before the query's, its value, and the bucket of a histogram.
    struct Sample: Sendable {
        let age: Int
        let value: Double
        let le: String?

        init(_ age: Int, _ value: Double, le: String? = nil) {
            (self.age, self.value, self.le) = (age, value, le)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let samples: [Sample]
        let expected: Double?
        let query: @Sendable (MetricName) throws -> VectorExpression

        init(
            _ description: String, _ samples: [Sample], _ expected: Double?,
            _ query: @escaping @Sendable (MetricName) throws -> VectorExpression
        ) {
            (testDescription, self.samples, self.expected, self.query) = (description, samples, expected, query)
        }
    }

    private static func latest(_ name: MetricName) -> VectorExpression { VectorExpression(SeriesSelector(name)) }

    private static func rate(_ name: MetricName) throws -> VectorExpression {
        .rate(of: SeriesSelector(name), over: try QueryWindow(.seconds(60)))
    }

    private static func increase(_ name: MetricName) throws -> VectorExpression {
        .increase(of: SeriesSelector(name), over: try QueryWindow(.seconds(60)))
    }

    private static func median(_ name: MetricName) throws -> VectorExpression {
        try HistogramQuantile(Percentile(50), of: name, over: QueryWindow(.seconds(60))).expression
    }

    private static func grown(_ buckets: [(String, Double)]) -> [Sample] {
        buckets.map { Sample(60, 0, le: $0.0) } + buckets.map { Sample(0, $0.1, le: $0.0) }
    }

    static let cases: [Case] = [
        Case("a metric that there is not", [], nil) { latest($0) },
        Case("the sum of nothing", [], nil) { try latest($0).sum() },
        Case("how many nothing is", [], nil) { try latest($0).count() },
        Case("the rate of nothing", [], nil) { try rate($0) },
        Case("a percentile of nothing", [], nil) { try median($0) },
        Case("nothing, and a number said to stand for it", [], 0) { try latest($0).sum().or(0) },
        Case("zero", [Sample(0, 0)], 0) { latest($0) },
        Case("a sample of five minutes ago", [Sample(300, 4)], 4) { latest($0) },
        Case("a sample of longer ago", [Sample(301, 4)], nil) { latest($0) },
        Case("a series that has ended", [Sample(30, 4), Sample(20, StaleMarker.value)], nil) { latest($0) },
        Case("a series that has ended and begun anew", [Sample(30, StaleMarker.value), Sample(20, 5)], 5) {
            latest($0)
        },
        Case("what a series was before it ended", [Sample(30, 4), Sample(20, StaleMarker.value)], 4) {
            .last(of: SeriesSelector($0), over: try QueryWindow(.seconds(60)))
        },
        Case("NaN", [Sample(0, .nan)], nil) { latest($0) },
        Case("infinity", [Sample(0, .infinity)], .infinity) { latest($0) },
        Case("infinity below zero", [Sample(0, -.infinity)], -.infinity) { latest($0) },
        Case("something through zero", [Sample(0, 3)], .infinity) { latest($0) / 0 },
        Case("zero through zero", [Sample(0, 0)], nil) { latest($0) / 0 },
        Case("something through what there is not", [Sample(0, 3)], nil) {
            latest($0) / VectorExpression(SeriesSelector(try $0.appending("_none")))
        },
        Case("the rate of one sample", [Sample(0, 3)], nil) { try rate($0) },
        Case("the rate of what stands still", [Sample(60, 3), Sample(0, 3)], 0) { try rate($0) },
        Case("growth over a counter's new beginning", [Sample(60, 10), Sample(30, 14), Sample(0, 3)], 7) {
            try increase($0)
        },
        Case("a percentile of no observations", grown([("1", 0), ("+Inf", 0)]), nil) { try median($0) },
        Case("a percentile of one sample", [Sample(0, 4, le: "1"), Sample(0, 4, le: "+Inf")], nil) { try median($0) },
        Case("a percentile of one bucket", grown([("+Inf", 4)]), nil) { try median($0) },
        Case("a percentile beyond the greatest bound", grown([("1", 0), ("2", 0), ("+Inf", 4)]), 2) { try median($0) },
        Case("a percentile within a bucket", grown([("1", 0), ("2", 4), ("+Inf", 4)]), 1.5) { try median($0) },
    ]

    @Test("unless it was said which one stands for it", arguments: cases)
    func table(example: Case) async throws {
        try await PrometheusLab.with { lab in
            let (name, now) = (try ownMetric(), PrometheusLab.now)
            try await lab.write(
                example.samples.map { sample in
                    let series =
                        if let bound = sample.le {
                            MetricSeries(try name.appending("_bucket"), try MetricLabels(["le": bound]))
                        } else {
                            MetricSeries(name)
                        }
                    let time = now - .seconds(sample.age)
                    return StaleMarker.isMarker(sample.value)
                        ? .stale(series, at: time) : MetricSample(series, sample.value, at: time)
                })
            let number = try await lab.client.query(try example.query(name), at: now).result.number
            if let expected = example.expected, expected.isFinite, let number {
                #expect(abs(number - expected) < 1e-9)
            } else {
                #expect(number == example.expected)
            }
        }
    }

    @Test("and steps without a value are left out, not filled")
    func gaps() async throws {
        try await PrometheusLab.with { lab in
            let (name, now) = (try ownMetric(), PrometheusLab.now)
            let series = MetricSeries(name)
            try await lab.write([
                MetricSample(series, 1, at: now - .seconds(1_200)), .stale(series, at: now - .seconds(1_140)),
                MetricSample(series, 2, at: now),
            ])
            let range = try TimeRange(from: now - .seconds(1_500), to: now, step: .seconds(30))
            let answer = try await lab.client.query(VectorExpression(SeriesSelector(name)), over: range)
            guard case .matrix(let found) = answer.result, let values = found.first?.samples else {
                Issue.record("\(answer.result)")
                return
            }
            #expect(values.map(\.value) == [1, 1, 2])
            #expect(values.map { ($0.time - now).wholeMicroseconds / 1_000_000 } == [-1_200, -1_170, 0])
        }
    }
}
