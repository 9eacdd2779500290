import MillraceRedis
import NIOCore

/// Reads a value of 100 bytes by many tasks or by one, over one connection, beside redis-benchmark.
struct RedisGet: Benchmark {
    /// How our tasks and the clients of redis-benchmark are measured.
    struct Load {
        let name: String
        let tasks: Int
        let clients: Int
        let pipeline: Int
        let wanted: Double
        /// Of redis-benchmark; about as many as it sends in our time.
        let requests: Int

        static let many = Load(
            name: "get-256-tasks", tasks: 256, clients: 50, pipeline: 16, wanted: 0.25, requests: 1_500_000)
        static let one = Load(name: "get-1-task", tasks: 1, clients: 1, pipeline: 1, wanted: 0.6, requests: 60_000)
    }

    let server: RedisBenchServer
    let load: Load

    var name: String { load.name }

    private static let time = Duration.seconds(3)

    func measure(runs: Int) async throws -> Figure {
        _ = try server.benchmark("set", clients: 1, pipeline: 1, requests: 1)
        let client = try RedisClient(server.configuration)
        let pairs = try await pairs(
            runs, ours: { try await rate(client) },
            limit: {
                try server.benchmark(
                    "get", clients: load.clients, pipeline: load.pipeline, requests: load.requests)
            })
        await client.shutdown()
        return Figure(name: name, unit: "commands/s", wanted: load.wanted, pairs: pairs)
    }

    private func rate(_ client: RedisClient) async throws -> Double {
        let end = ContinuousClock.now + Self.time
        let start = ContinuousClock.now
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<load.tasks {
                group.addTask {
                    var count = 0
                    while ContinuousClock.now < end {
                        for _ in 0..<16 { try await read(client) }
                        count += 16
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(count) / ((ContinuousClock.now - start) / .seconds(1))
    }

    private func read(_ client: RedisClient) async throws {
        let reply = try await client.send(RedisCommand("GET", .text(RedisBenchServer.key)))
        guard case .bulkString(let value) = reply, value.readableBytes == RedisBenchServer.size else {
            throw BenchmarkFailure("the value is not what was stored")
        }
    }
}
