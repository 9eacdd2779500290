import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePrometheus

@Suite struct QuarantinedSeriesTests {
    private func batch(_ body: [UInt8]) -> QuarantinedBatch {
        QuarantinedBatch(
            time: ManualClock.standardStart, shard: 0, sequence: 1, reason: .rejected, status: 400, answer: "no",
            sampleCount: 2, body: body)
    }

    @Test func `a batch names its series, whatever their labels hold`() throws {
        let series = [
            MetricSeries(try MetricName("a_total")),
            MetricSeries(try MetricName("Z:b"), try MetricLabels(["A": "x\"y\\z\n🎧", "job": "m", "_": "{}"])),
        ]
        var encoder = SeriesEncoder()
        for series in series { encoder.append(MetricSample(series, 1, at: ManualClock.standardStart)) }
        #expect(batch(encoder.take()).series == series)
    }

    @Test func `bytes that are no batch name none`() {
        #expect(batch([]).series.isEmpty)
        #expect(batch([0x0A, 0xFF, 1, 2]).series.isEmpty)
    }
}
