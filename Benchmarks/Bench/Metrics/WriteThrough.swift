import Foundation
import Limits
import Millrace
import MillracePrometheus

/// Takes what a collector measures, again and again, through outbox and sender until Prometheus has it, beside bodies that
/// are made already and posted in a loop: as many samples a body, on as many connections, of as many series.
struct WriteThrough: Benchmark {
    let server: PrometheusBenchServer
    let scratch: Scratch

    let name = "write-through"

    /// Of each measurement.
    private static let turns = 40

    func measure(runs: Int) async throws -> Figure {
        let options = OutboxOptions()
        let start = SystemWallClock().now() - .seconds(600)
        // As many that each shard has one request of each turn, and that almost full: shards are not quite equal.
        let count = BenchSeries.batch * 19 / 20 * options.shardCount
        let samples = try CollectedSamples(side: "ours", count: count, from: start)
        let bodies = try PreparedBodies(server, connections: options.shardCount, count: count, from: start)
        let outbox = try await Outbox.open(folder: scratch.file("outbox"), options: options)
        let recorder = RemoteWriteRecorder(outbox)
        let endpoint = try PrometheusEndpoint(server.url, environment: [:])
        let sender = try RemoteWriteSender(RemoteWriteConfiguration(endpoint), outbox: outbox)
        let measured = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await sender.run() }
            let measured = try await pairs(
                runs,
                ours: {
                    try await rate(of: Self.turns * count) {
                        let before = outbox.accounting.acknowledged
                        for _ in 0..<Self.turns { try await recorder.record(samples.next()) }
                        _ = await sender.flush(within: .seconds(120))
                        return outbox.accounting.acknowledged - before
                    }
                },
                limit: { try await bodies.rate(turns: Self.turns) })
            group.cancelAll()
            return measured
        }
        await outbox.close()
        return Figure(name: name, unit: "samples/s", wanted: 0.8, pairs: measured)
    }
}
