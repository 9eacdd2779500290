import Foundation
import Limits
import Millrace
import MillracePrometheus

/// Records batches of samples, each of which is on the disk before the next one comes, beside a file to which the same bytes
/// are appended and synced as often.
///
/// Reported; nothing is wanted, for most of the time of both is the disk's.
struct DurableEnqueue: Benchmark {
    let scratch: Scratch

    let name = "durable-enqueue"

    private static let batches = 100

    func measure(runs: Int) async throws -> Figure {
        let samples = try CollectedSamples(side: "enqueue", from: SystemWallClock().now() - .seconds(600))
        let batches = (0..<Self.batches).map { _ in samples.next() }
        let count = batches.reduce(0) { $0 + $1.count }
        let bodies = batches.map { batch in
            var encoder = SeriesEncoder()
            for sample in batch { encoder.append(sample) }
            return encoder.take()
        }
        let pairs = try await pairs(
            runs,
            ours: {
                let folder = scratch.file("outbox")
                let outbox = try await Outbox.open(folder: folder, options: OutboxOptions(syncWindow: .zero))
                let recorder = RemoteWriteRecorder(outbox)
                let rate = try await rate(of: count) {
                    for batch in batches { try await recorder.record(batch) }
                    return outbox.accounting.pending
                }
                await outbox.close()
                try FileManager.default.removeItem(atPath: folder)
                return rate
            },
            limit: {
                let path = scratch.file("bare.log")
                let log = try BareLog(path: path)
                let rate = try await rate(of: count) {
                    for body in bodies { try log.append(body) }
                    return count
                }
                try FileManager.default.removeItem(atPath: path)
                return rate
            })
        return Figure(name: name, unit: "samples/s", wanted: 0, pairs: pairs)
    }
}
