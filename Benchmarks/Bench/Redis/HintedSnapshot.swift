import Millrace
import MillracePostgres

/// Claims jobs by hints and settles them while a transaction holds an old snapshot open, so that nothing dead is cleared
/// away, beside the same without.
struct HintedSnapshot: Benchmark {
    let server: BenchServer

    let name = "hints-held-snapshot"

    private static let hold = Duration.seconds(60)
    private static let measured = Duration.seconds(30)

    func measure(runs: Int) async throws -> Figure {
        var number = 0
        let pairs = try await pairs(
            min(runs, 3), warmsUp: false,
            ours: {
                number += 1
                return try await rate(schema: "hints_held_\(number)", isHeld: true)
            },
            limit: {
                number += 1
                return try await rate(schema: "hints_free_\(number)", isHeld: false)
            })
        return Figure(name: name, unit: "jobs/s", wanted: 0.7, pairs: pairs)
    }

    /// Jobs in a second over the last half of the time that the snapshot is held.
    private func rate(schema: String, isHeld: Bool) async throws -> Double {
        let queue = try await HintedQueue(server, schema: schema, redis: try HintedQueue.redis())
        try await queue.fill(to: 50_000)
        let holder = try await PostgresConnection.connect(PostgresConfiguration(server.url))
        try await holder.run(script: "BEGIN ISOLATION LEVEL REPEATABLE READ")
        if isHeld { _ = try await holder.query("SELECT count(*) FROM \(schema).processing_jobs") }
        let rate = try await queue.whileWorking(upTo: 100, backlog: 50_000) { tally in
            try await tally.rate(after: Self.hold - Self.measured, over: Self.measured)
        }
        holder.close()
        await queue.close()
        return rate
    }
}
