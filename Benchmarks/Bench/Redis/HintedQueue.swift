import Foundation
import Millrace
import MillracePostgres
import MillraceRedis

/// A queue in a schema of its own, with hints in Redis or without.
struct HintedQueue {
    let queue: BenchQueue
    let jobs: any JobQueueRepository
    private let client: RedisClient?

    /// Makes the schema. `redis` leads to the server for hints.
    init(_ server: BenchServer, schema: String, redis: String?) async throws {
        queue = try await BenchQueue(server, schema: schema)
        guard let redis else {
            (jobs, client) = (queue.jobs, nil)
            return
        }
        let client = try RedisClient(try RedisConfiguration(redis))
        self.client = client
        jobs = RedisReadyQueue(queue.jobs, storeID: try await queue.store.identity(), client: client)
    }

    /// The server for hints that script/bench has started.
    static func redis() throws -> String {
        guard let url = ProcessInfo.processInfo.environment["MILLRACE_TEST_REDIS"] else {
            throw BenchmarkFailure("there is no Redis; start this by script/bench redis")
        }
        return url
    }

    /// What Redis says.
    func redis(_ command: RedisCommand) async throws -> RESPValue? {
        try await client?.send(command, timeout: .seconds(30))
    }

    func close() async {
        client?.close()
        await queue.store.close()
    }

    /// Adds jobs until so many are queued.
    func fill(to count: Int) async throws {
        var missing = count - (try await queue.queued())
        while missing > 0 {
            let batch = min(missing, 20_000)
            _ = try await jobs.enqueue(BenchQueue.requests(batch))
            missing -= batch
        }
    }

    /// Claims and settles by sixteen tasks while `body` measures, with so many kept queued.
    func whileWorking<Value: Sendable>(
        upTo batch: Int, backlog: Int, _ body: @escaping @Sendable (Tally) async throws -> Value
    ) async throws -> Value {
        let (tally, added) = (Tally(), Tally())
        added.add(backlog)
        let (jobs, worker) = (jobs, queue.worker)
        let result = JSONText(stored: BenchQueue.result)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body(tally) }
            group.addTask {
                while !Task.isCancelled {
                    if added.value - tally.value < backlog {
                        added.add(try await jobs.enqueue(BenchQueue.requests(10_000)).ids.count)
                    } else {
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                return nil
            }
            // As each worker does it, beside its claims.
            group.addTask {
                while !Task.isCancelled {
                    await jobs.upkeep()
                    try await Task.sleep(for: .milliseconds(500))
                }
                return nil
            }
            for _ in 0..<BenchServer.connections {
                group.addTask {
                    while !Task.isCancelled {
                        let claimed = try await jobs.claim(
                            upTo: batch, from: JobScope(types: [BenchQueue.type]), by: worker)
                        let lost = try await jobs.settle(claimed.map { JobSettlement($0, .completed(result: result)) })
                        tally.add(claimed.count - lost.count)
                    }
                    return nil
                }
            }
            // The others end by an error, or with the measurement.
            while let ended = try await group.next() {
                guard let value = ended else { continue }
                group.cancelAll()
                // What is cancelled in the middle throws.
                while await group.nextResult() != nil {}
                return value
            }
            throw BenchmarkFailure("nothing was measured")
        }
    }
}
