import Millrace
import MillracePostgres

/// Claims and settles jobs while a transaction holds an old snapshot open, so that nothing dead is cleared away, beside
/// the same without.
struct HeldSnapshot: Benchmark {
    let server: BenchServer
    /// Whether jobs are claimed by hints in Redis, on both sides.
    let isHinted: Bool

    var name: String { isHinted ? "hints-held-snapshot" : "claim-held-snapshot" }

    private static let batch = 100
    private static let hold = Duration.seconds(60)
    private static let measured = Duration.seconds(30)
    /// So many are kept queued.
    private static let backlog = 50_000

    func measure(runs: Int) async throws -> Figure {
        let prefix = isHinted ? "hints_" : ""
        var number = 0
        let pairs = try await pairs(
            min(runs, 3), warmsUp: false,
            ours: {
                number += 1
                return try await rate(schema: "\(prefix)held_\(number)", isHeld: true)
            },
            limit: {
                number += 1
                return try await rate(schema: "\(prefix)free_\(number)", isHeld: false)
            })
        return Figure(name: name, unit: "jobs/s", wanted: isHinted ? 0.7 : 0.4, pairs: pairs)
    }

    /// Jobs in a second over the last half of the time that the snapshot is held.
    private func rate(schema: String, isHeld: Bool) async throws -> Double {
        let queue = try await HintedQueue(server, schema: schema, redis: isHinted ? HintedQueue.redis() : nil)
        try await queue.fill(to: Self.backlog)
        let holder = try await PostgresConnection.connect(PostgresConfiguration(server.url))
        try await holder.run(script: "BEGIN ISOLATION LEVEL REPEATABLE READ")
        if isHeld { _ = try await holder.query("SELECT count(*) FROM \(schema).processing_jobs") }
        let rate = try await queue.whileWorking(upTo: Self.batch, backlog: Self.backlog) { tally in
            try await tally.rate(after: Self.hold - Self.measured, over: Self.measured)
        }
        holder.close()
        await queue.close()
        return rate
    }
}
