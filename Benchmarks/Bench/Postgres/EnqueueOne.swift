import Millrace
import MillracePostgres

/// Adds one job after the other by sixteen tasks, beside pgbench that inserts the same row.
struct EnqueueOne: Benchmark {
    let server: BenchServer

    let name = "enqueue-one"

    private static let time = Duration.seconds(3)
    /// Of each client; about as many as it does in that time.
    private static let transactions = 600

    func measure(runs: Int) async throws -> Figure {
        let queue = try await BenchQueue(server, schema: "enqueue_one")
        let request = try BenchQueue.requests(1)[0]
        let script = try server.limitFile("enqueue-one.sql")
        var turn = 0
        let pairs = try await pairs(
            runs,
            ours: {
                try await rate(for: Self.time) { _ = try await queue.jobs.enqueue(request) }
            },
            limit: {
                turn += 1
                return try server.pgbench(
                    "enqueue_one", script: script, transactions: Self.transactions,
                    variables: ["turn": turn, "n": 0])
            })
        await queue.store.close()
        return Figure(name: name, unit: "jobs/s", wanted: 0.75, pairs: pairs)
    }
}
