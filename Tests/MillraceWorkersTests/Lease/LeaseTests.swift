import MillraceCore
import MillraceTesting
import MillraceWorkers
import Testing

@Suite(.timeLimit(.minutes(5))) struct LeaseTests {
    private let place = Workplace()
    private let never = StopSignal()
    private let sleepers = Workplace.busySleepers
    private let oneAtATime = WorkerConfiguration(concurrency: 1)

    @Test(arguments: ["fails", "hangs"])
    func `when the store answers no heartbeat, all work ends before another may take it`(
        manner: String
    ) async throws {
        let release = StopSignal()
        let handler = TaskHandler.waiting(for: never)
        try await handler.enqueue(4, at: place)
        let heldUp = StoreCall.renew
        place.log.before { call throws(StoreError) in
            guard call == heldUp else { return }
            // Deaf, as a write is that waits for the disk.
            if manner == "hangs" { await waitDeaf(for: release) }
            throw StoreError(.unavailable, "gone")
        }
        try await place.run(handler) {
            defer { release.raise() }
            try await eventually { handler.tally.running == 4 }
            let first = try #require(try await place.jobs.workers().first)
            // A heartbeat that hangs does not sleep.
            try await place.clock.advance(whenSleeping: manner == "hangs" ? sleepers - 1 : sleepers) {
                handler.tally.cancelled == 4
            }
            #expect(place.clock.now.offset >= .seconds(9) && place.clock.timeOfDay < first.leasedUntil)
            #expect(try await place.stats()[.processing] == 4)
            place.log.before(nil)
            release.raise()
            // It comes back as somebody else, and runs what it held once the old lease has ended.
            try await eventually { try await place.jobs.workers().contains { $0.id != first.id } }
            try await place.clock.advance(whenSleeping: sleepers) { handler.tally.started == 8 }
            #expect(place.clock.timeOfDay >= first.leasedUntil)
        }
        for job in try await place.jobs.jobs(of: .default, before: nil, limit: 10) {
            #expect(job.status == .queued && job.retryCount == 0 && job.crashes == 1)
        }
    }

    @Test func `a refused heartbeat ends all work at once`() async throws {
        let handler = TaskHandler.waiting(for: never)
        try await handler.enqueue(at: place)
        try await place.run(handler, configuration: oneAtATime) {
            try await eventually { handler.tally.running == 1 }
            let first = try #require(try await place.jobs.workers().first).id
            try await place.jobs.base.retire(first)
            try await place.clock.advance(whenSleeping: sleepers) { handler.tally.cancelled == 1 }
            #expect(place.clock.now.offset <= .seconds(3))
            try await place.clock.advance(whenSleeping: sleepers) { handler.tally.started == 2 }
            #expect(try await place.jobs.workers().map(\.id) != [first])
        }
    }

    @Test func `heartbeats keep a lease for as long as the work takes`() async throws {
        let gate = StopSignal()
        let handler = TaskHandler.waiting(for: gate)
        let id = try await handler.enqueue(at: place)[0]
        try await place.run(handler, configuration: oneAtATime) {
            try await eventually { handler.tally.running == 1 }
            try await place.clock.advance(whenSleeping: sleepers) { place.clock.now.offset > .seconds(60) }
            gate.raise()
            try await eventually { try await place.status(id) == .completed }
        }
        #expect(handler.tally.started == 1)
        #expect(try await place.jobs.job(id)?.crashes == 0)
    }

    @Test func `a first look for dead workers that takes long costs no lease`() async throws {
        let release = StopSignal()
        place.log.before { call in if call == .sweep { await release.wait() } }
        let handler = TaskHandler.waiting(for: never)
        try await handler.enqueue(at: place)
        try await place.run(handler, configuration: oneAtATime) {
            defer { release.raise() }
            try await eventually { handler.tally.running == 1 }
            try await place.clock.advance(whenSleeping: sleepers - 1) { place.clock.now.offset > .seconds(15) }
            #expect(handler.tally.cancelled == 0)
            #expect(try await place.jobs.workers().count == 1)
        }
    }

    @Test func `a lease counts from when it was asked for, not from when it was granted`() async throws {
        let handler = TaskHandler.waiting(for: never)
        try await handler.enqueue(at: place)
        place.log.before { [place] call throws(StoreError) in
            // The first registration takes six seconds to arrive.
            if call == .register, place.clock.now.offset == .zero { place.clock.advance(by: .seconds(6)) }
            if call == .renew { throw StoreError(.unavailable, "gone") }
        }
        try await place.run(handler, configuration: oneAtATime) {
            try await eventually { handler.tally.running == 1 }
            try await place.clock.advance(whenSleeping: sleepers) { handler.tally.cancelled == 1 }
            #expect(place.clock.now.offset < .seconds(10))
            place.log.before(nil)
        }
    }

    @Test func `the outcome of a worker that was frozen changes nothing`() async throws {
        let hearing = StopSignal()
        let frozenStop = StopSignal()
        let frozen = TaskHandler { _, _ in
            await waitDeaf(for: hearing)
            return "frozen"
        }
        let quick = TaskHandler { _, _ in "quick" }
        let id = try await frozen.enqueue(at: place)[0]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await place.worker(oneAtATime, handlers: [frozen], stop: frozenStop).run()
            }
            try await eventually { frozen.tally.running == 1 }
            // The whole process sleeps while the time goes on: no sleeper of it is left to wake in time.
            place.clock.advance(by: .seconds(11))
            try await place.run(quick) {
                try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                    try await place.status(id) == .completed
                }
                hearing.raise()
                try await eventually { frozen.tally.running == 0 }
                frozenStop.raise()
                try await group.waitForAll()
            }
        }
        #expect(try await place.jobs.result(of: id)?.decode(String.self) == "quick")
        #expect(quick.tally.started == 1)
    }
}
