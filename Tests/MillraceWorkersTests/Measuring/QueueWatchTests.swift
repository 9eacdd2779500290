import CoreMetrics
import MetricsTestKit
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceWorkers

@Suite(.timeLimit(.minutes(5))) struct QueueWatchTests {
    private let place = Workplace()
    private let metrics = TestMetrics()

    @Test func `a worker shows how many jobs there are in every queue, and nothing when it has ended`() async throws {
        let handler = TaskHandler { _, _ in NoResult() }
        let elsewhere = try QueueName("elsewhere")
        let requests = try (0..<3).map {
            try handler.request(TaskHandler<NoResult>.Payload(number: $0), queueName: elsewhere)
        }
        _ = try await place.jobs.enqueue(requests)
        place.clock.advance(by: .seconds(5))
        try await withMetricsFactory(metrics) {
            try await place.run(handler) {
                try await eventually {
                    metrics.meters(label: "millrace_oldest_queued_job_seconds").contains { $0.lastValue == 5 }
                }
                let queued: [(String, String)] = [("queue", "elsewhere"), ("status", "QUEUED")]
                #expect(metrics.meters(label: "millrace_jobs", dimensions: queued).map(\.lastValue) == [3])
                let failed: [(String, String)] = [("queue", "elsewhere"), ("status", "FAILED")]
                #expect(metrics.meters(label: "millrace_jobs", dimensions: failed).map(\.lastValue) == [0])
            }
        }
        #expect(metrics.meters(label: "millrace_jobs").isEmpty)
        #expect(metrics.meters(label: "millrace_oldest_queued_job_seconds").isEmpty)
    }

    @Test func `a worker over an empty store shows that its own queue is empty`() async throws {
        let handler = TaskHandler { _, _ in NoResult() }
        let queued: [(String, String)] = [("queue", "default"), ("status", "QUEUED")]
        try await withMetricsFactory(metrics) {
            try await place.run(handler) {
                try await eventually {
                    metrics.meters(label: "millrace_jobs", dimensions: queued).map(\.lastValue) == [0]
                }
            }
        }
        #expect(metrics.meters(label: "millrace_jobs").isEmpty)
    }

    @Test func `queues beyond a hundred are put together, and none is lost`() throws {
        var stats: [QueueName: JobStats] = [:]
        for number in 0..<150 {
            stats[try QueueName("queue \(number + 100)")] = JobStats(
                counts: [.queued: number, .failed: 1], oldestQueuedAge: .seconds(number))
        }
        stats[try QueueName("(others)")] = JobStats(counts: [.queued: 1_000], oldestQueuedAge: nil)
        let bounded = QueueWatch.bounded(stats)
        #expect(bounded.count == 101)
        #expect(bounded["queue 100"]?[.failed] == 1 && bounded["queue 200"] == nil)
        #expect(bounded.values.reduce(0) { $0 + $1.total } == stats.values.reduce(0) { $0 + $1.total })
        #expect(bounded["(others)"]?[.queued] == 1_000 + (100..<150).reduce(0, +))
        #expect(bounded["(others)"]?.oldestQueuedAge == .seconds(149))
    }
}
