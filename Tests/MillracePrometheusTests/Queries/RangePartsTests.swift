import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePrometheus

@Suite("Ranges of many steps", .timeLimit(.minutes(10)))
struct RangePartsTests {
    @Test("are cut into parts that have each step once", arguments: [1, 2, 7, 1_000])
    func everyStepOnce(mostSteps: Int) throws {
        for steps in [2, 6, 7, 8, 14, 15, 1_000, 1_001] {
            let start = Timestamp(microseconds: 1_700_000_000_000_123)
            let range = try TimeRange(from: start, to: start + .seconds(15 * (steps - 1)), step: .seconds(15))
            var times: [Timestamp] = []
            for part in RangeParts(range, mostSteps: mostSteps) {
                let before = times.count
                var time = part.first
                while time <= part.last {
                    times.append(time)
                    time = time + range.step
                }
                #expect(times.count - before <= mostSteps && times.last == part.last)
            }
            #expect(times == (0..<steps).map { start + .seconds(15 * $0) })
        }
    }

    @Test("that end between two steps end with the earlier")
    func ragged() throws {
        let start = Timestamp(microseconds: 0)
        let range = try TimeRange(from: start, to: start + .milliseconds(2_999), step: .seconds(1))
        let parts = RangeParts(range, mostSteps: 2).map { [$0.first, $0.last] }
        #expect(parts == [[start, start + .seconds(1)], [start + .seconds(2), start + .seconds(2)]])
    }

    @Test("give on the real server what they give in one request, with their times to the microsecond")
    func stitched() async throws {
        try await PrometheusLab.with { lab in
            let (name, now) = (try ownMetric(), PrometheusLab.now)
            let series = try ["a", "b", "c"].map { MetricSeries(name, try MetricLabels(["part": $0])) }
            var samples: [MetricSample] = []
            for second in stride(from: -600, through: 0, by: 10) {
                let time = now + .seconds(second)
                samples.append(MetricSample(series[0], Double(second), at: time))
                // One that ends in the midst, and one that begins there.
                if second < -400 { samples.append(MetricSample(series[1], Double(second), at: time)) }
                if second == -400 { samples.append(.stale(series[1], at: time)) }
                if second > -300 { samples.append(MetricSample(series[2], Double(second), at: time)) }
            }
            try await lab.write(samples)
            let start = now - .seconds(600) + .microseconds(321)
            let range = try TimeRange(from: start, to: now, step: .milliseconds(7_500))
            let expression = VectorExpression(SeriesSelector(name))
            let whole = try await values(lab.client.query(expression, over: range, mostSteps: 11_000))
            #expect(whole.count == 3)
            #expect(whole[series[0].description]?.map(\.time) == (0..<range.stepCount).map { range.step($0) })
            for mostSteps in [1, 7, 79] {
                #expect(try await values(lab.client.query(expression, over: range, mostSteps: mostSteps)) == whole)
            }
        }
    }

    @Test("keep series apart whose labels only look the same")
    func lookalikes() throws {
        let (composed, decomposed) = (QueriedLabels(all: ["a": "\u{E9}"]), QueriedLabels(all: ["a": "e\u{301}"]))
        let start = PrometheusLab.now
        var answer = SplitAnswer(try TimeRange(from: start, to: start + .seconds(2), step: .seconds(1)))
        let sample = TimestampedValue(1, at: start)
        for labels in [composed, decomposed, composed] {
            answer.append([QueriedSeries(labels: labels, samples: [sample])], warnings: [])
        }
        guard case .matrix(let series) = answer.whole.result else { return }
        #expect(series.map(\.samples.count) == [2, 1] && composed != decomposed)
    }

    @Test("are split by themselves: thirty days in seconds equal the same days in minutes, minute by minute")
    func thirtyDays() async throws {
        try await PrometheusLab.with { lab in
            let (name, now) = (try ownMetric(), PrometheusLab.now)
            let series = MetricSeries(name)
            try await lab.write(
                stride(from: -2_700, through: 0, by: 20).map {
                    MetricSample(series, Double($0), at: now + .seconds($0))
                })
            let expression = VectorExpression(SeriesSelector(name))
            let start = now - .seconds(30 * 86_400)
            let seconds = try TimeRange(from: start, to: now, step: .seconds(1))
            let minutes = try TimeRange(from: start, to: now, step: .seconds(60))
            #expect(seconds.stepCount > 200 * PrometheusClient.mostSteps)
            let fine = try await values(lab.client.query(expression, over: seconds))[series.description] ?? []
            let coarse = try await values(lab.client.query(expression, over: minutes))[series.description] ?? []
            #expect(fine.count == 2_701 && coarse.count == 46)
            #expect(fine.filter { ($0.time - start).wholeMicroseconds % 60_000_000 == 0 } == coarse)
        }
    }

    @Test("of more steps than anybody can look at are refused before anything is sent")
    func tooMany() async throws {
        try await PrometheusClient.with(PrometheusEndpoint("http://127.0.0.1:1", environment: [:])) { client in
            let years = try TimeRange(
                from: PrometheusLab.now, to: Timestamp(microseconds: 4_000_000_000_000_000), step: .milliseconds(1))
            let error = await storeError {
                try await client.query(VectorExpression(SeriesSelector(MetricName("m"))), over: years)
            }
            #expect(error?.code == .invalid && error?.description.contains("longer") == true)
        }
    }

    private func values(_ answer: QueryAnswer) throws -> [String: [TimestampedValue]] {
        guard case .matrix(let series) = answer.result else {
            Issue.record("\(answer.result) is no matrix")
            return [:]
        }
        return Dictionary(series.map { ($0.labels.description, $0.samples) }) { $0 + $1 }
    }
}
