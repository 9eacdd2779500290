import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePrometheus

@Suite("Queries as trees", .timeLimit(.minutes(10)))
struct VectorExpressionTests {
    private let requests = SeriesSelector(
        MetricName(stored: "requests_total"), [.equal(LabelName(stored: "code"), "5\"x")])
    private let queue = LabelName(stored: "queue")

    @Test("are written as PromQL reads them")
    func texts() throws {
        let window = try QueryWindow(.seconds(300))
        let rate = VectorExpression.rate(of: requests, over: window)
        let metric = VectorExpression(SeriesSelector(MetricName(stored: "m")))
        let table: [(VectorExpression, String)] = [
            (VectorExpression(requests), #"requests_total{code="5\"x"}"#),
            (rate, #"rate(requests_total{code="5\"x"}[300s])"#),
            (
                .increase(of: requests, over: try QueryWindow(.milliseconds(1_500))),
                #"increase(requests_total{code="5\"x"}[1500ms])"#
            ),
            (.last(of: requests, over: window), #"last_over_time(requests_total{code="5\"x"}[300s])"#),
            (try rate.sum(by: [queue]), #"sum by (queue) (rate(requests_total{code="5\"x"}[300s]))"#),
            (try metric.sum(), "sum(m)"), (try metric.max(), "max(m)"), (try metric.min(), "min(m)"),
            (try metric.avg(by: [queue, .le]), "avg by (queue, le) (m)"), (try metric.count(), "count(m)"),
            (metric * 1_000, "m * 1000.0"), ((metric - -1) / 2, "(m - -1.0) / 2.0"),
            (metric - (metric + metric), "m - (m + m)"), (metric / .infinity + .nan, "(m / +Inf) + NaN"),
            (try metric.sum().or(0) / 2, "(sum(m) or vector(0.0)) / 2.0"), (metric * 1e-7, "m * 1e-07"),
        ]
        for (expression, text) in table { #expect(expression.description == text) }
    }

    @Test("ask for a percentile of buckets in the one way that means something")
    func quantile() throws {
        let window = try QueryWindow(.seconds(60))
        let name = try MetricName("wait_seconds")
        let plain = try HistogramQuantile(Percentile(95), of: name, over: window)
        #expect(plain.description == "histogram_quantile(0.95, sum by (le) (rate(wait_seconds_bucket[60s])))")
        let grouped = try HistogramQuantile(
            Percentile(50), of: name, [.notEqual(queue, "x")], over: window, by: [queue])
        #expect(
            grouped.description
                == #"histogram_quantile(0.5, sum by (le, queue) (rate(wait_seconds_bucket{queue!="x"}[60s])))"#)
        #expect(throws: InvalidValue.self) {
            try HistogramQuantile(Percentile(50), of: name, [.equal(.le, "1")], over: window)
        }
        #expect(throws: InvalidValue.self) { try HistogramQuantile(Percentile(50), of: name, over: window, by: [.le]) }
        #expect(throws: InvalidValue.self) {
            let long = try MetricName(String(repeating: "a", count: MetricName.maximumBytes))
            return try HistogramQuantile(Percentile(50), of: long, over: window)
        }
    }

    @Test("look back over a window of whole milliseconds")
    func windows() throws {
        #expect(try QueryWindow(.milliseconds(1)).description == "1ms")
        #expect(try QueryWindow(.seconds(86_400)).description == "86400s")
        for wrong in [Duration.zero, .seconds(-1), .microseconds(1_500), .seconds(Int64.max)] {
            #expect(throws: InvalidValue.self) { try QueryWindow(wrong) }
        }
    }

    @Test("are taken by the real server, however they were put together")
    func random() async throws {
        try await PrometheusLab.with { lab in
            var random = TestSeed.generator()
            for _ in 0..<200 {
                let expression = try tree(depth: 5, using: &random)
                do {
                    _ = try await lab.client.formatted(expression)
                } catch {
                    Issue.record("\(expression): \(error)")
                }
            }
        }
    }

    private func tree(depth: Int, using random: inout some RandomNumberGenerator) throws -> VectorExpression {
        guard depth > 0 else {
            let selector = RandomQuery.selector(using: &random)
            let window = try QueryWindow(.milliseconds(Int.random(in: 1...100_000_000_000, using: &random)))
            return switch Int.random(in: 0..<4, using: &random) {
            case 0: VectorExpression(selector)
            case 1: .rate(of: selector, over: window)
            case 2: .increase(of: selector, over: window)
            default: .last(of: selector, over: window)
            }
        }
        let inner = try tree(depth: depth - 1, using: &random)
        let number =
            [0, -1.5, 1e300, .leastNonzeroMagnitude, .infinity, -.infinity, .nan, 3].randomElement(using: &random) ?? 0
        var labels: [LabelName] = []
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let label = RandomQuery.label(using: &random)
            if !PromQLWord.isUnspeakable(label.text) { labels.append(label) }
        }
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return try inner.sum(by: labels)
        case 1: return try inner.max(by: labels)
        case 2: return try inner.min(by: labels)
        case 3: return try inner.avg(by: labels)
        case 4: return try inner.count(by: labels)
        case 5: return inner + number
        case 6: return inner * number
        case 7: return inner / number
        case 8: return inner.or(number)
        case 9: return inner - (try tree(depth: depth - 1, using: &random))
        case 10: return inner / (try tree(depth: 0, using: &random))
        default: return inner - number
        }
    }

    @Test("are computed in the order of the tree, not of the operators")
    func order() async throws {
        try await PrometheusLab.with { lab in
            var random = TestSeed.generator()
            let (name, now) = (try ownMetric(), PrometheusLab.now)
            try await lab.write([MetricSample(MetricSeries(name), 7, at: now)])
            for _ in 0..<60 {
                var (expression, value) = (VectorExpression(SeriesSelector(name)), 7.0)
                for _ in 0..<6 {
                    let number = Double(Int.random(in: 1...9, using: &random))
                    let other = VectorExpression(SeriesSelector(name)) + number
                    switch Int.random(in: 0..<7, using: &random) {
                    case 0: (expression, value) = (expression + number, value + number)
                    case 1: (expression, value) = (expression - number, value - number)
                    case 2: (expression, value) = (expression * number, value * number)
                    case 3: (expression, value) = (expression / number, value / number)
                    case 4: (expression, value) = (other - expression, (7 + number) - value)
                    case 5: (expression, value) = (expression + other, value + (7 + number))
                    default: (expression, value) = (other / expression, (7 + number) / value)
                    }
                }
                let answer = try await lab.client.query(expression, at: now)
                #expect(answer.result.number == (value.isNaN ? nil : value), "\(expression)")
            }
        }
    }
}
