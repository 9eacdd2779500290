import MillraceCore
import MillraceTesting
import MillraceWorkers
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct InterruptionTests {
    private let place = Workplace()
    private let never = StopSignal()
    private let rarely = RetryPolicy.fixed(.seconds(3_600))

    @Test func `a job cancelled elsewhere is told to end within a second, and its outcome changes nothing`()
        async throws
    {
        let handler = TaskHandler { number, _ in
            if number == 0 { await never.wait() }
            return number
        }
        let id = try await handler.enqueue(at: place)[0]
        try await place.run(handler) {
            try await eventually { handler.tally.running == 1 }
            try await place.jobs.updateJobStatus(id, to: .cancelled)
            let cancelledAt = place.clock.now.offset
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                place.clock.now.offset >= cancelledAt + .seconds(1)
            }
            // The clock stands still from here on.
            try await eventually { handler.tally.running == 0 }
            #expect(handler.tally.cancelled == 1)
            try await handler.enqueue(2, at: place)
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) { handler.tally.started == 3 }
        }
        let job = try #require(try await place.jobs.job(id))
        #expect(job.status == .cancelled && job.result == nil && job.leaseToken == LeaseToken(2))
    }

    @Test func `a job whose lease another has is told to end`() async throws {
        let handler = TaskHandler.waiting(for: never)
        let id = try await handler.enqueue(at: place)[0]
        try await place.run(handler, configuration: WorkerConfiguration(concurrency: 1)) {
            try await eventually { handler.tally.running == 1 }
            try await place.jobs.updateJobStatus(id, to: .queued)
            let other = WorkerID.make(at: place.clock.timeOfDay)
            try await place.jobs.base.register(other, process: nil, leasedFor: .seconds(3_600))
            #expect(
                try await place.jobs.base.claim(upTo: 1, from: JobScope(types: [handler.jobType]), by: other).count
                    == 1)
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) { handler.tally.cancelled == 1 }
            #expect(try await place.jobs.job(id)?.workerID == other)
        }
        #expect(try await place.status(id) == .processing)
    }

    @Test func `the time-out of a job, else of its handler, stops the run and costs a retry`() async throws {
        let handler = TaskHandler<NoResult>(timeout: .seconds(5)) { _, _ in
            await never.wait()
            throw CancellationError()
        }
        let quick = try await handler.enqueue(at: place, timeout: .seconds(2))[0]
        let slow = try await handler.enqueue(at: place)[0]
        let last = try await handler.enqueue(at: place, maxRetries: 0)[0]
        try await place.run(handler, configuration: WorkerConfiguration(retryPolicy: rarely)) {
            try await eventually { handler.tally.running == 3 }
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                place.clock.now.offset >= .milliseconds(1_900)
            }
            #expect(handler.tally.cancelled == 0)
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                try await place.status(quick) == .scheduled
            }
            #expect(try await place.status(slow) == .processing)
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                let statuses = (try await place.status(slow), try await place.status(last))
                return statuses == (.scheduled, .failed)
            }
            #expect(place.clock.now.offset >= .seconds(5))
        }
        for (id, seconds, retries) in [(quick, 2, 1), (slow, 5, 1), (last, 5, 0)] {
            let job = try #require(try await place.jobs.job(id))
            #expect(job.errorMessage == "it took longer than \(seconds).0 s and was stopped")
            #expect(job.retryCount == retries && job.crashes == 0)
        }
    }

    @Test func `a run that ends well although its time was up is done`() async throws {
        let handler = TaskHandler(timeout: .seconds(5)) { number, _ in
            await never.wait()
            return number
        }
        let id = try await handler.enqueue(at: place)[0]
        try await place.run(handler) {
            try await eventually { handler.tally.running == 1 }
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                try await place.status(id) == .completed
            }
        }
    }

    @Test func `a job that does not hear of its time-out loses its place, and what it does later changes nothing`()
        async throws
    {
        let hearing = StopSignal()
        let handler = TaskHandler { number, _ in
            if number == 0 { await waitDeaf(for: hearing) }
            return number
        }
        let stuck = try await handler.enqueue(at: place, timeout: .seconds(5))[0]
        let configuration = WorkerConfiguration(concurrency: 1, retryPolicy: rarely, grace: .seconds(10))
        try await place.run(handler, configuration: configuration) {
            defer { hearing.raise() }
            try await eventually { handler.tally.running == 1 }
            let waiting = try await place.jobs.enqueue(
                JobRequest(handler.jobType, payload: JSONText(#"{"number":1}"#)))
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                place.clock.now.offset >= .milliseconds(14_900)
            }
            #expect(try await place.status(stuck) == .processing)
            #expect(try await place.status(waiting) == .queued)
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                try await place.status(waiting) == .completed
            }
            #expect(place.clock.now.offset >= .seconds(15))
            #expect(handler.tally.running == 1)
            let givenUp = try #require(try await place.jobs.job(stuck))
            #expect(givenUp.status == .scheduled && givenUp.retryCount == 1)
            hearing.raise()
            try await eventually { handler.tally.running == 0 }
            #expect(try await place.jobs.job(stuck) == givenUp)
        }
        #expect(try await place.jobs.result(of: stuck) == nil)
    }

    @Test func `a worker that is stopped returns after the time of grace, whatever its jobs do`() async throws {
        let stop = StopSignal()
        let hearing = StopSignal()
        defer { hearing.raise() }
        let events = Mutex<[WorkerEvent]>([])
        let handler = TaskHandler { number, _ in
            if number < 2 { await waitDeaf(for: hearing) } else { await never.wait() }
            return number
        }
        let ids = try await handler.enqueue(3, at: place)
        let worker = place.worker(
            WorkerConfiguration(grace: .seconds(10)), handlers: [handler], stop: stop,
            onEvent: { event in events.withLock { $0.append(event) } })
        try await place.run([worker], stop: stop) {
            try await eventually { handler.tally.running == 3 }
            stop.raise()
            try await eventually { try await place.status(ids[2]) == .completed }
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                try await place.stats()[.queued] == 2
            }
            #expect(place.clock.now.offset >= .seconds(10))
        }
        #expect(events.withLock { $0 } == [.stoppedExcept(2)])
        #expect(handler.tally.running == 2)
        #expect(try await place.jobs.workers().isEmpty)
        for id in ids.prefix(2) {
            let job = try #require(try await place.jobs.job(id))
            #expect(job.status == .queued && job.retryCount == 0 && job.crashes == 0)
        }
        hearing.raise()
        try await eventually { handler.tally.running == 0 }
        #expect(try await place.stats()[.queued] == 2)
    }

    @Test func `a job that does not end keeps no worker from coming back after its lease`() async throws {
        let hearing = StopSignal()
        let handler = TaskHandler { number, _ in
            if number == 0 { await waitDeaf(for: hearing) }
            return number
        }
        try await handler.enqueue(at: place)
        try await place.run(handler, configuration: WorkerConfiguration(concurrency: 1, maxCrashes: 0)) {
            defer { hearing.raise() }
            try await eventually { handler.tally.running == 1 }
            let first = try #require(try await place.jobs.workers().first).id
            let other = try await place.jobs.enqueue(
                JobRequest(handler.jobType, payload: JSONText(#"{"number":1}"#), priority: .high))
            try await place.jobs.base.retire(first)
            // While it waits for the job, nothing else of the worker sleeps.
            try await place.clock.advance(whenSleeping: 1) { try await place.status(other) == .completed }
            #expect(try await place.jobs.workers().map(\.id) != [first])
        }
    }
}
