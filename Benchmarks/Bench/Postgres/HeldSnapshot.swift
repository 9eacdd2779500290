import Millrace
import MillracePostgres

/// Claims and settles jobs while a transaction holds an old snapshot open, so that nothing dead is cleared away, beside
/// the same without.
struct HeldSnapshot: Benchmark {
    let server: BenchServer

    let name = "claim-held-snapshot"

    private static let batch = 100
    private static let hold = Duration.seconds(60)
    private static let measured = Duration.seconds(30)
    /// So many are kept queued.
    private static let backlog = 50_000

    func measure(runs: Int) async throws -> Figure {
        var number = 0
        let pairs = try await pairs(
            min(runs, 3), warmsUp: false,
            ours: {
                number += 1
                return try await rate(schema: "held_\(number)", isHeld: true)
            },
            limit: {
                number += 1
                return try await rate(schema: "free_\(number)", isHeld: false)
            })
        return Figure(name: name, unit: "jobs/s", wanted: 0.4, pairs: pairs)
    }

    /// Jobs in a second over the last half of the time that the snapshot is held.
    private func rate(schema: String, isHeld: Bool) async throws -> Double {
        let queue = try await BenchQueue(server, schema: schema)
        try await queue.fill(to: Self.backlog)
        let holder = try await PostgresConnection.connect(PostgresConfiguration(server.url))
        try await holder.run(script: "BEGIN ISOLATION LEVEL REPEATABLE READ")
        if isHeld { _ = try await holder.query("SELECT count(*) FROM \(schema).processing_jobs") }
        let rate = try await whileWorking(queue) { tally in
            try await tally.rate(after: Self.hold - Self.measured, over: Self.measured)
        }
        holder.close()
        await queue.store.close()
        return rate
    }

    /// Claims and settles by sixteen tasks while `body` measures, with the queue kept full.
    private func whileWorking(
        _ queue: BenchQueue, _ body: @escaping @Sendable (Tally) async throws -> Double
    ) async throws -> Double {
        let tally = Tally()
        let added = Tally()
        added.add(Self.backlog)
        return try await withThrowingTaskGroup(of: Double?.self) { group in
            group.addTask { try await body(tally) }
            group.addTask {
                while !Task.isCancelled {
                    if added.value - tally.value < Self.backlog {
                        added.add(try await queue.jobs.enqueue(BenchQueue.requests(10_000)).ids.count)
                    } else {
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                return nil
            }
            // As each worker does it, beside its claims.
            group.addTask {
                while !Task.isCancelled {
                    await queue.jobs.upkeep()
                    try await Task.sleep(for: .seconds(1))
                }
                return nil
            }
            for _ in 0..<BenchServer.connections {
                group.addTask {
                    while !Task.isCancelled { tally.add(try await queue.claimAndSettle(upTo: Self.batch)) }
                    return nil
                }
            }
            // The others end by an error, or with the measurement.
            while let ended = try await group.next() {
                guard let rate = ended else { continue }
                group.cancelAll()
                // What is cancelled in the middle throws.
                while await group.nextResult() != nil {}
                return rate
            }
            throw BenchmarkFailure("nothing was measured")
        }
    }
}
