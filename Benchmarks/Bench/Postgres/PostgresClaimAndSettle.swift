import Limits
import Millrace
import MillracePostgres

/// Claims and settles batches of jobs by sixteen tasks, beside a plain loop over libpq on as many threads.
struct PostgresClaimAndSettle: Benchmark {
    let server: BenchServer

    let name = "claim-settle-500"

    static let batch = 500
    /// Turns are short, so that both halves of a pair meet the machine in the same state.
    private static let batches = 80

    func measure(runs: Int) async throws -> Figure {
        let queue = try await BenchQueue(server, schema: "claim_settle")
        let limit = try queue.limit(server, schema: "claim_settle")
        let pairs = try await pairs(
            runs,
            ours: {
                try await rate(queue) {
                    try await inTasks(Self.batches) { try await queue.claimAndSettle(upTo: Self.batch) }
                }
            },
            limit: { try await rate(queue) { try await limit.run(batches: Self.batches, of: Self.batch) } })
        await queue.store.close()
        return Figure(name: name, unit: "jobs/s", wanted: 0.75, pairs: pairs)
    }

    private func rate(_ queue: BenchQueue, _ work: () async throws -> Int) async throws -> Double {
        // More than are taken, so that the last batch finds a queue like the first.
        let count = Self.batches * Self.batch
        try await queue.fill(to: count + BenchServer.connections * Self.batch)
        return try await bench.rate(of: count, work)
    }
}
