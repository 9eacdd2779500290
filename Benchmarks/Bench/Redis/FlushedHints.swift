import Millrace
import MillraceRedis

/// Claims by hints out of a million queued jobs from two seconds after Redis has lost all, beside the rate before that.
struct FlushedHints: Benchmark {
    let server: BenchServer

    let name = "hints-flushed"

    static let queued = 1_000_000

    func measure(runs: Int) async throws -> Figure {
        let queue = try await HintedQueue(server, schema: "hints_flushed", redis: try HintedQueue.redis())
        try await queue.fill(to: Self.queued)
        let pairs = try await queue.whileWorking(upTo: 100, backlog: Self.queued) { tally in
            var pairs: [Figure.Pair] = []
            for _ in 0..<min(runs, 5) {
                let before = try await tally.rate(after: .seconds(5), over: .seconds(5))
                _ = try await queue.redis(RedisCommand("FLUSHALL"))
                pairs.append(.init(value: try await tally.rate(after: .seconds(2), over: .seconds(5)), limit: before))
            }
            return pairs
        }
        await queue.close()
        return Figure(name: name, unit: "jobs/s", wanted: 0.9, pairs: pairs)
    }
}

/// How much of 5 MB Redis takes while jobs are claimed by hints out of a million: as many of what it takes fit in.
struct HintMemory: Benchmark {
    let server: BenchServer

    let name = "hints-memory"

    func measure(runs: Int) async throws -> Figure {
        let queue = try await HintedQueue(server, schema: "hints_flushed", redis: try HintedQueue.redis())
        _ = try await queue.redis(RedisCommand("FLUSHALL"))
        try await queue.fill(to: FlushedHints.queued)
        let most = try await queue.whileWorking(upTo: 100, backlog: FlushedHints.queued) { _ in
            var most = 0
            for _ in 0..<100 {
                let info = try await queue.redis(RedisCommand("INFO", "memory"))?.text ?? ""
                guard let used = info.firstMatch(of: /used_memory:(\d+)/).flatMap({ Int($0.1) }) else {
                    throw BenchmarkFailure("Redis does not say how much memory it takes")
                }
                most = max(most, used)
                try await Task.sleep(for: .milliseconds(100))
            }
            return most
        }
        await queue.close()
        return Figure(
            name: name, unit: "1/bytes", wanted: 1, pairs: [.init(value: 5_000_000, limit: Double(most))])
    }
}
