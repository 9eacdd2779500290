import MillraceCore
import MillraceTesting
import MillraceWorkers
import Testing

@Suite(.timeLimit(.minutes(5))) struct JobHandlingTests {
    private struct Passing: Error {}

    private struct Hopeless: RetryAdvising {
        var isRetryable: Bool { false }
    }

    private struct Doubled: Codable {
        var double: Int
    }

    private let place = Workplace()
    private let policy = WorkerConfiguration(retryPolicy: .fixed(.seconds(5)))

    @Test func `a handler is given its payload and its result is kept`() async throws {
        let handler = TaskHandler { number, _ in Doubled(double: number * 2) }
        let ids = try await handler.enqueue(5, at: place)
        try await place.run(handler) {
            try await eventually { try await place.stats()[.completed] == 5 }
        }
        for (number, id) in ids.enumerated() {
            let result = try #require(try await place.jobs.result(of: id))
            #expect(try result.decode(Doubled.self).double == number * 2)
        }
    }

    @Test func `NoResult leaves no result`() async throws {
        let handler = TaskHandler { _, _ in NoResult() }
        let id = try await handler.enqueue(at: place)[0]
        try await place.run(handler) { try await eventually { try await place.status(id) == .completed } }
        #expect(try await place.jobs.result(of: id) == nil)
    }

    @Test func `a payload of another shape fails the job for good, and the handler is not called`() async throws {
        let handler = TaskHandler { _, _ in NoResult() }
        let id = try await place.jobs.enqueue(JobRequest(handler.jobType, payload: JSONText(#"{"count":"one"}"#)))
        try await place.run(handler) { try await eventually { try await place.status(id) == .failed } }
        let job = try #require(try await place.jobs.job(id))
        #expect(job.retryCount == 0)
        #expect(job.errorMessage?.contains("Payload") == true)
        #expect(handler.tally.started == 0)
    }

    @Test func `a job of a type without handler is left to others`() async throws {
        let handler = TaskHandler { _, _ in NoResult() }
        let known = try await handler.enqueue(at: place)[0]
        let unknown = try await place.jobs.enqueue(JobRequest(JobType("unknown")))
        try await place.run(handler) { try await eventually { try await place.status(known) == .completed } }
        #expect(try await place.status(unknown) == .queued)
    }

    @Test func `an error has the job run again after the delay of the policy`() async throws {
        let handler = TaskHandler { _, job in
            if job.retryCount < 2 { throw Passing() }
            return NoResult()
        }
        let id = try await handler.enqueue(at: place)[0]
        try await place.run(handler, configuration: policy) {
            try await eventually { try await place.status(id) == .scheduled }
            let waiting = try #require(try await place.jobs.job(id))
            #expect(waiting.retryCount == 1)
            #expect(waiting.scheduledAt == place.clock.timeOfDay + .seconds(5))
            #expect(waiting.errorMessage?.contains("Passing") == true)
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                try await place.status(id) == .completed
            }
        }
        #expect(handler.tally.started == 3)
        #expect(place.clock.now.offset >= .seconds(10))
    }

    @Test func `an error that says so fails the job at once`() async throws {
        let handler = TaskHandler<NoResult> { _, _ in throw Hopeless() }
        let id = try await handler.enqueue(at: place)[0]
        try await place.run(handler) { try await eventually { try await place.status(id) == .failed } }
        #expect(try await place.jobs.job(id)?.retryCount == 0)
        #expect(handler.tally.started == 1)
    }

    @Test func `a job without retries left has failed`() async throws {
        let handler = TaskHandler<NoResult> { _, _ in throw Passing() }
        let id = try await handler.enqueue(at: place, maxRetries: 2)[0]
        try await place.run(handler, configuration: policy) {
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                try await place.status(id) == .failed
            }
        }
        #expect(try await place.jobs.job(id)?.retryCount == 2)
        #expect(handler.tally.started == 3)
    }

    @Test func `snoozing costs no retry`() async throws {
        let naps = Naps()
        let handler = TaskHandler { _, _ in
            if naps.take() { throw SnoozeJob(for: .seconds(7)) }
            return NoResult()
        }
        let id = try await handler.enqueue(at: place, maxRetries: 0)[0]
        try await place.run(handler) {
            try await eventually { try await place.status(id) == .scheduled }
            #expect(try await place.jobs.job(id)?.scheduledAt == place.clock.timeOfDay + .seconds(7))
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                try await place.status(id) == .completed
            }
        }
        let job = try #require(try await place.jobs.job(id))
        #expect(job.retryCount == 0 && job.crashes == 0)
        #expect(handler.tally.started == 4)
    }

    @Test func `a handler that has settled its job itself has the last word`() async throws {
        let handler = TaskHandler { [place] _, job in
            let settlement = JobSettlement(job, .completed(result: JSONText(stored: "[1]")))
            let lost = try await place.jobs.settle([settlement])
            #expect(lost.isEmpty)
            return SettledByHandler()
        }
        let id = try await handler.enqueue(at: place)[0]
        try await place.run(handler) { try await eventually { try await place.status(id) == .completed } }
        #expect(try await place.jobs.result(of: id) == JSONText(stored: "[1]"))
        #expect(place.log.count { $0.isSettle } == 1)
        #expect(handler.tally.started == 1)
    }

    @Test func `a job whose handler only says that it has settled it has failed`() async throws {
        let handler = TaskHandler { _, _ in SettledByHandler() }
        let id = try await handler.enqueue(at: place)[0]
        try await place.run(handler) { try await eventually { try await place.status(id) == .failed } }
        #expect(try await place.jobs.job(id)?.errorMessage?.contains("has not") == true)
    }

    @Test func `of two handlers for a type the later runs, and none takes the merges`() async throws {
        let first = TaskHandler { _, _ in NoResult() }
        let second = TaskHandler { _, _ in NoResult() }
        let thief = TaskHandler("merge") { _, _ in NoResult() }
        let id = try await first.enqueue(at: place)[0]
        let merge = try await thief.enqueue(at: place)[0]
        try await place.run(first, second, thief) {
            try await eventually { try await place.stats()[.completed] + place.stats()[.failed] == 2 }
        }
        #expect(first.tally.started == 0 && second.tally.started == 1 && thief.tally.started == 0)
        #expect(try await place.status(id) == .completed)
        #expect(try await place.status(merge) == .failed)
    }
}
