import Logging
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceWorkers

@Suite struct FenceTests {
    @Test func `a settlement after the job was taken over changes nothing`() async throws {
        let place = Workplace()
        let handler = TaskHandler { number, _ in number }
        let id = try await handler.enqueue(at: place)[0]
        let worker = WorkerID.make(at: place.clock.timeOfDay)
        try await place.jobs.register(worker, process: nil, leasedFor: .seconds(10))
        let time = MonotonicTime(place.clock)
        let logger = Logger(label: "fence", factory: { _ in SwiftLogNoOpLogHandler() })
        let source = JobSource(
            worker: worker, jobs: place.jobs, scope: JobScope(types: [handler.jobType]),
            executors: [handler.jobType: HandlerExecutor(handler: handler)],
            engines: EngineWatch([], isPatient: true, time: time, stop: StopSignal(), logger: logger),
            unreachable: Unreachable(time: time), retryPolicy: .exponential(), clock: place.clock, time: time,
            metrics: nil, logger: logger)
        let job = try #require(try await source.claim(upTo: 1, alone: false).first)
        guard case .ended(let settlement) = await source.perform(job) else {
            Issue.record("the job did not end")
            return
        }
        place.clock.advance(by: .seconds(10))
        #expect(try await place.jobs.rescue() == [id])
        try await source.settle([settlement])
        #expect(try await place.status(id) == .queued)
        #expect(try await place.jobs.result(of: id) == nil)
    }
}
