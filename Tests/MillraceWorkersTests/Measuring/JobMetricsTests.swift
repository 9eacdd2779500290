import CoreMetrics
import Logging
import MetricsTestKit
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceWorkers

@Suite(.timeLimit(.minutes(5))) struct JobMetricsTests {
    private struct Hopeless: RetryAdvising {
        let isRetryable = false
    }

    private struct Unlucky: Error {}

    private let place = Workplace()
    private let metrics = TestMetrics()

    /// How many runs of jobs have come to something.
    private func count(_ outcome: String, of type: String = "task") -> Int64 {
        metrics.counterTotal(label: "millrace_jobs_total", dimensions: [("type", type), ("outcome", outcome)])
    }

    /// What was measured in seconds.
    private func seconds(_ label: String, of type: String = "task") throws -> [Double] {
        try metrics.expectTimer(label, [("type", type)]).values.map { Double($0) / 1e9 }
    }

    @Test func `runs are counted by type and by what became of the job`() async throws {
        let handler = TaskHandler { number, _ in
            switch number {
            case 1: throw Hopeless()
            case 2: throw SnoozeJob(for: .seconds(60))
            case 3: throw CancelJob()
            case 4, 5: throw Unlucky()
            default: return NoResult()
            }
        }
        try await handler.enqueue(5, at: place)
        let last = try handler.request(TaskHandler<NoResult>.Payload(number: 5), maxRetries: 0)
        try await place.jobs.enqueue(last)
        try await withMetricsFactory(metrics) {
            try await place.run(handler) {
                try await eventually {
                    let stats = try await place.stats()
                    return stats[.queued] == 0 && stats[.processing] == 0
                }
            }
        }
        #expect(["completed", "failed", "snoozed", "cancelled", "retried"].map { count($0) } == [1, 2, 1, 1, 1])
        #expect(["awaiting", "released", "lost"].map { count($0) } == [0, 0, 0])
        #expect(try seconds("millrace_job_run_seconds").count == 6)
        let series = metrics.counters(label: "millrace_jobs_total").map(\.dimensions)
        #expect(series.count == 2 * 8, "each outcome of each type, so that each begins at zero: \(series)")
        #expect(!series.contains { $0.contains { $0.0 != "type" && $0.0 != "outcome" } })
    }

    @Test func `a job waits until its claim, and runs until its handler ends`() async throws {
        let handler = TaskHandler { [clock = place.clock] _, _ in
            clock.advance(by: .milliseconds(300))
            return NoResult()
        }
        try await handler.enqueue(at: place)
        place.clock.advance(by: .seconds(7))
        try await withMetricsFactory(metrics) {
            try await place.run(handler) { try await eventually { try await place.stats()[.completed] == 1 } }
        }
        #expect(try seconds("millrace_job_wait_seconds") == [7])
        #expect(try seconds("millrace_job_run_seconds") == [0.3])
    }

    @Test func `only the first run of a job has waited since it was enqueued`() async throws {
        let handler = TaskHandler { _, job in
            if job.retryCount == 0 { throw Unlucky() }
            return NoResult()
        }
        try await handler.enqueue(at: place)
        place.clock.advance(by: .seconds(2))
        try await withMetricsFactory(metrics) {
            try await place.run(handler) {
                try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                    try await place.stats()[.completed] == 1
                }
            }
        }
        #expect(try seconds("millrace_job_wait_seconds") == [2])
        #expect(try seconds("millrace_job_run_seconds").count == 2)
    }

    @Test func `a job of a worker that stops is released`() async throws {
        let gate = StopSignal()
        let handler = TaskHandler.waiting(for: gate)
        try await handler.enqueue(at: place)
        try await withMetricsFactory(metrics) {
            try await place.run(handler) { try await eventually { handler.tally.running == 1 } }
        }
        #expect(count("released") == 1 && count("completed") == 0)
    }

    @Test func `a job that its handler has settled counts by how it stands`() async throws {
        let handler = TaskHandler { [jobs = place.jobs] number, job in
            let outcome: JobSettlement.Outcome = number == 0 ? .completed(result: nil) : .failed(error: "no")
            _ = try await jobs.settle([JobSettlement(job, outcome)])
            return SettledByHandler()
        }
        try await handler.enqueue(2, at: place)
        try await withMetricsFactory(metrics) {
            try await place.run(handler) {
                try await eventually {
                    let stats = try await place.stats()
                    return stats[.completed] == 1 && stats[.failed] == 1 && handler.tally.running == 0
                }
            }
        }
        #expect(count("completed") == 1 && count("failed") == 1)
    }

    @Test func `a settlement that comes too late is lost, and nothing else`() async throws {
        let handler = TaskHandler { number, _ in number }
        try await handler.enqueue(at: place)
        let worker = WorkerID.make(at: place.clock.timeOfDay)
        try await place.jobs.register(worker, process: nil, leasedFor: .seconds(10))
        let time = MonotonicTime(place.clock)
        let logger = Logger(label: "lost", factory: { _ in SwiftLogNoOpLogHandler() })
        let source = withMetricsFactory(metrics) {
            JobSource(
                worker: worker, jobs: place.jobs, scope: JobScope(types: [handler.jobType]),
                executors: [handler.jobType: HandlerExecutor(handler: handler)],
                engines: EngineWatch([], isPatient: true, time: time, stop: StopSignal(), logger: logger),
                unreachable: Unreachable(time: time), retryPolicy: .exponential(), clock: place.clock, time: time,
                metrics: WorkerMetrics(types: [handler.jobType], engines: []), logger: logger)
        }
        let job = try #require(try await source.claim(upTo: 1, alone: false).first)
        guard case .ended(let settlement) = await source.perform(job) else {
            Issue.record("the job did not end")
            return
        }
        place.clock.advance(by: .seconds(10))
        try await place.jobs.rescue()
        try await source.settle([settlement])
        #expect(count("lost") == 1 && count("completed") == 0)
    }

    @Test func `rescues, refusals of the store and lost leases are counted`() async throws {
        let handler = TaskHandler { _, _ in NoResult() }
        try await handler.enqueue(at: place)
        let dead = WorkerID.make(at: place.clock.timeOfDay)
        try await place.jobs.base.register(dead, process: nil, leasedFor: .seconds(10))
        _ = try await place.jobs.base.claim(upTo: 1, from: JobScope(types: [handler.jobType]), by: dead)
        place.clock.advance(by: .seconds(11))
        try await withMetricsFactory(metrics) {
            try await place.run(handler) {
                try await eventually { try await place.stats()[.completed] == 1 }
                place.log.before { call throws(StoreError) in
                    if call == .renew { throw StoreError(.busy, "locked") }
                }
                try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                    metrics.counterTotal(label: "millrace_worker_leases_lost_total") == 1
                }
                place.log.before(nil)
            }
        }
        #expect(metrics.counterTotal(label: "millrace_rescues_total", dimensions: [("kind", "job")]) == 1)
        #expect(metrics.counterTotal(label: "millrace_rescues_total", dimensions: [("kind", "chunk")]) == 0)
        #expect(metrics.counterTotal(label: "millrace_store_failures_total", dimensions: [("code", "busy")]) > 0)
    }

    @Test func `nobody measures without a factory`() {
        withMetricsFactory(NOOPMetricsHandler.instance) {
            #expect(WorkerMetrics(types: [.merge], engines: []) == nil)
            #expect(EngineMetrics.ofKinds([EchoTranscriber.identity]).isEmpty)
        }
    }
}
