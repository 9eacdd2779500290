import CoreMetrics
import MetricsTestKit
import NIOCore
import TestServers
import Testing

@testable import MillraceRedis

@Suite(.timeLimit(.minutes(5))) struct RedisMetricsTests {
    private let metrics = TestMetrics()

    private func count(_ outcome: String) -> Int64 {
        metrics.counterTotal(label: "millrace_redis_commands_total", dimensions: [("outcome", outcome)])
    }

    @Test func `every reply counts, and of those on their way together one round trip is measured`() async throws {
        let configuration = try await RedisServer.shared.configuration()
        let client = try withMetricsFactory(metrics) { try RedisClient(configuration) }
        defer { client.close() }
        for _ in 0..<20 { _ = try await client.send(RedisCommand("PING")) }
        let alone = try metrics.expectTimer("millrace_redis_round_trip_seconds").values
        #expect(alone.count == 20 && alone.allSatisfy { $0 > 0 })
        let together = await client.send((0..<500).map { _ in RedisCommand("PING") })
        #expect(together.count == 500)
        #expect(count("answered") == 520 && count("timed_out") == 0)
        #expect(metrics.counterTotal(label: "millrace_redis_connections_total") == 1)
        let all = try metrics.expectTimer("millrace_redis_round_trip_seconds").values
        #expect((21...25).contains(all.count), "\(all.count)")
    }

    @Test func `a command that comes to nothing is counted by the reason`() async throws {
        let configuration = try await RedisServer.shared.configuration()
        let client = try withMetricsFactory(metrics) { try RedisClient(configuration) }
        _ = try await client.send(RedisCommand("PING"))
        let blocked = Task { try await client.send(RedisCommand("BLPOP", .text(ownPrefix()), .text("0"))) }
        while client.statistics.inFlight == 0 { await Task.yield() }
        blocked.cancel()
        await #expect(throws: RedisError.self) { try await blocked.value }
        #expect(count("cancelled") == 1)
        await #expect(throws: RedisError.self) {
            try await client.send(RedisCommand("PING"), timeout: .milliseconds(1))
        }
        #expect(count("timed_out") == 1)
        client.close()
        await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        #expect(count("refused") == 1)
    }
}
