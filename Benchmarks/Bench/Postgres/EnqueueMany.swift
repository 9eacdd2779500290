import Foundation
import Millrace
import MillracePostgres

/// Adds a hundred thousand jobs at once, beside `\copy` of the same rows by psql.
struct EnqueueMany: Benchmark {
    let server: BenchServer
    let scratch: Scratch

    let name = "enqueue-100000"

    private static let count = 100_000

    func measure(runs: Int) async throws -> Figure {
        let queue = try await BenchQueue(server, schema: "enqueue_many")
        let requests = try BenchQueue.requests(Self.count)
        let pairs = try await pairs(
            runs,
            ours: { try await rate(of: Self.count) { try await queue.jobs.enqueue(requests).ids.count } },
            limit: { Double(Self.count) / (try copySeconds()) })
        await queue.store.close()
        return Figure(name: name, unit: "jobs/s", wanted: 0.6, pairs: pairs)
    }

    /// How long the copying takes by psql's own clock, which does not see psql start.
    private func copySeconds() throws -> Double {
        let path = scratch.file("jobs.tsv")
        let clock = SystemWallClock()
        var lines = ""
        for _ in 0..<Self.count {
            lines += "\(JobID.make(at: clock.now()))\tdefault\t\\N\tbench\t\(BenchQueue.payload)\t2\t3\t\\N\t\\N\t\\N\n"
        }
        try lines.write(toFile: path, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let columns = """
            id, queue_name, transcript_id, job_type, payload, priority, max_retries, engine, timeout_us, trace_context
            """
        let report = try server.psql(
            "enqueue_many", ["\\timing on", "\\copy processing_jobs (\(columns)) FROM '\(path)'"])
        guard let time = report.firstMatch(of: /Time: ([0-9.]+) ms/).flatMap({ Double($0.1) }) else {
            throw BenchmarkFailure("psql says: \(report)")
        }
        return time / 1_000
    }
}
