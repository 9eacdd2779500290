import Foundation
import Limits
import Millrace
import MillracePrometheus

/// Writes batches of samples as the protocol wants them and compresses them, beside libsnappy alone on the same bytes.
struct EncodeAndCompress: Benchmark {
    let name = "encode-compress"

    private static let batches = 2_000

    func measure(runs: Int) async throws -> Figure {
        let series = try BenchSeries.make(side: "encode").map(EncodedSeries.init)
        let time = SystemWallClock().now()
        var encoder = SeriesEncoder()
        fill(&encoder, series, at: time)
        let plain = encoder.take()
        var block: [UInt8] = []
        let pairs = try await pairs(
            runs,
            ours: {
                try await rate(of: Self.batches * series.count) {
                    for _ in 0..<Self.batches {
                        encoder.removeAll()
                        fill(&encoder, series, at: time)
                        encoder.withBytes { SnappyBlock.compress($0, into: &block) }
                    }
                    guard block == SnappyBlock.compress(plain) else { throw BenchmarkFailure("the bytes differ") }
                    return Self.batches * series.count
                }
            },
            limit: {
                try await rate(of: Self.batches * series.count) {
                    BareSnappy.compress(plain, times: Self.batches) > 0 ? Self.batches * series.count : 0
                }
            })
        return Figure(name: name, unit: "samples/s", wanted: 0.4, pairs: pairs)
    }

    private func fill(_ encoder: inout SeriesEncoder, _ series: [EncodedSeries], at time: Timestamp) {
        for (index, series) in series.enumerated() {
            encoder.append(series, BenchSeries.value(index, turn: 1_234), at: time)
        }
    }
}
