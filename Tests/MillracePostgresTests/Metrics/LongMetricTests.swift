import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

@Suite("A metric with many samples")
struct LongMetricTests {
    @Test("is read in portions, all of one moment, and answered as if it were read at once", arguments: Route.allCases)
    func portions(route: Route) async throws {
        try await TemporaryPostgres.with(route) { temporary in
            // 12,500 samples of each of two counters, ten a second.
            let end = temporary.clock.timeOfDay
            try await temporary.store.execute(
                """
                INSERT INTO \(temporary.store.schema).metrics (metric_name, metric_value, tags, timestamp)
                SELECT 'long_total', n, jsonb_build_object('number', number::text), $1::timestamptz - (12499 - n) * interval '0.1 s'
                FROM generate_series(0, 12499) AS n, generate_series(1, 2) AS number
                """, [.time(end)])
            let repository = PostgresMetricsRepository(temporary.store)
            let range = try TimeRange(from: end - .seconds(1_240), to: end, step: .seconds(10))
            let before = temporary.statements.all.count
            let series = try await repository.queryTimeSeries(MetricName("long_total"), range: range, tags: .none)
            let fetches = temporary.statements.all.dropFirst(before).filter { $0.hasPrefix("FETCH") }
            #expect(series.map { $0.series.labels[LabelName(stored: "number")] } == ["1", "2"])
            let expected = (0...124).map { (step: Int) in Double(99 + step * 100) }
            #expect(series.allSatisfy { $0.values.map(\.value) == expected })
            #expect(fetches.count == 3)
            let latest = try await repository.queryLatest(MetricName("long_total"), tags: .none)
            #expect(latest == 12_499)
        }
    }
}
