import Limits
import Millrace
import MillracePrometheus

/// Bodies of the same samples, made before the time is taken, and the loop that posts them.
///
/// Each connection has a part of the series, and a body for each turn, as each shard of the sender has.
final class PreparedBodies {
    private let samples: CollectedSamples
    private let loop: BareWriteLoop
    private let connections: Int

    init(_ server: PrometheusBenchServer, connections: Int, count: Int, from start: Timestamp) throws {
        samples = try CollectedSamples(side: "limit", count: count, from: start)
        loop = BareWriteLoop(host: server.host, port: server.port)
        self.connections = connections
    }

    /// How many samples Prometheus takes in a second, of so many turns.
    func rate(turns: Int) async throws -> Double {
        var bodies = [[[UInt8]]](repeating: [], count: connections)
        var count = 0
        for _ in 0..<turns {
            var encoders = [SeriesEncoder](repeating: SeriesEncoder(), count: connections)
            for sample in samples.next() {
                encoders[Int(sample.series.fingerprint % UInt64(connections))].append(sample)
                count += 1
            }
            for index in encoders.indices { bodies[index].append(SnappyBlock.compress(encoders[index].take())) }
        }
        let duration = try await ContinuousClock().measure {
            guard try await loop.post(bodies) == turns * connections else {
                throw BenchmarkFailure("bodies are missing")
            }
        }
        return Double(count) / duration.inSeconds
    }
}
