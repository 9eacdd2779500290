import Logging
import MillraceCore
import MillraceTesting
import MillraceWorkers
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(5))) struct StopTests {
    private let place = Workplace()
    private let never = StopSignal()

    /// What a graceful stop leaves behind.
    private func expectAllGivenBack(_ ids: [JobID]) async throws {
        for id in ids {
            let job = try #require(try await place.jobs.job(id))
            #expect(job.status == .queued && job.retryCount == 0 && job.crashes == 0)
            #expect(job.workerID == nil && job.errorMessage == nil)
        }
        #expect(try await place.jobs.workers().isEmpty)
        #expect(place.clock.sleeperCount == 0)
    }

    @Test func `a raised signal cancels what runs, gives it back and ends the lease`() async throws {
        let handler = TaskHandler.waiting(for: never)
        let ids = try await handler.enqueue(6, at: place)
        try await place.run(handler) {
            try await eventually { handler.tally.running == 4 }
        }
        #expect(handler.tally.cancelled == 4)
        #expect(handler.tally.started == 4)
        try await expectAllGivenBack(ids)
    }

    @Test func `a graceful shutdown does the same`() async throws {
        let handler = TaskHandler.waiting(for: never)
        let ids = try await handler.enqueue(6, at: place)
        let service = place.worker(handlers: [handler], stop: StopSignal())
        let services = ServiceGroup(
            services: [service], logger: Logger(label: "services", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await eventually { handler.tally.running == 4 }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        #expect(handler.tally.cancelled == 4)
        try await expectAllGivenBack(ids)
    }

    @Test func `a worker whose task is cancelled gives back what runs, too`() async throws {
        let handler = TaskHandler.waiting(for: never)
        let ids = try await handler.enqueue(6, at: place)
        let service = place.worker(handlers: [handler], stop: StopSignal())
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try? await eventually { handler.tally.running == 4 }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.waitForAll() }
        }
        #expect(handler.tally.cancelled == 4)
        try await expectAllGivenBack(ids)
    }

    @Test func `a job that ends well although it was told to stop is done`() async throws {
        let handler = TaskHandler { number, _ in
            await never.wait()
            return number
        }
        let ids = try await handler.enqueue(4, at: place)
        try await place.run(handler) { try await eventually { handler.tally.running == 4 } }
        for id in ids { #expect(try await place.status(id) == .completed) }
    }

    @Test(arguments: 0..<20)
    func `nothing is claimed after the stop`(_: Int) async throws {
        let stop = StopSignal()
        let handler = TaskHandler { _, _ in
            stop.raise()
            return NoResult()
        }
        try await handler.enqueue(10, at: place)
        try await place.run(handler, configuration: WorkerConfiguration(concurrency: 1), stop: stop) {}
        #expect(handler.tally.started <= 1)
        #expect(place.log.count { $0.isClaim } <= 1)
        #expect(try await place.stats()[.completed] == handler.tally.started)
    }

    @Test func `a worker that is stopped before it begins claims nothing`() async throws {
        let stop = StopSignal()
        stop.raise()
        let handler = TaskHandler { _, _ in NoResult() }
        try await handler.enqueue(10, at: place)
        try await place.run(handler, stop: stop) {}
        #expect(place.log.count { $0.isClaim } == 0)
    }

    @Test func `a worker that is stopped while it registers claims nothing`() async throws {
        let stop = StopSignal()
        place.log.before { call in if call == .register { stop.raise() } }
        let handler = TaskHandler { _, _ in NoResult() }
        try await handler.enqueue(10, at: place)
        try await place.worker(handlers: [handler], stop: stop).run()
        #expect(place.log.count { $0.isClaim } == 0)
        #expect(try await place.jobs.workers().isEmpty)
    }

    @Test func `while it waits for a deaf job the loop rests, and the lease is kept`() async throws {
        let stop = StopSignal()
        let hearing = StopSignal()
        let handler = TaskHandler { _, _ in
            await waitDeaf(for: hearing)
            return NoResult()
        }
        try await handler.enqueue(1, at: place)
        try await place.run(handler, stop: stop) {
            try await eventually { handler.tally.running == 1 }
            stop.raise()
            try await eventually { place.clock.sleeperCount == Workplace.busySleepers }
            let calls = place.log.count { $0 != .upkeep }
            for _ in 0..<1_000 { await Task.yield() }
            #expect(place.log.count { $0 != .upkeep } == calls)
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                place.clock.now.offset > .seconds(9)
            }
            #expect(try await place.jobs.workers().count == 1)
            hearing.raise()
        }
        #expect(try await place.stats()[.completed] == 1)
        #expect(try await place.jobs.workers().isEmpty)
    }

    @Test func `outcomes that cannot be settled while stopping are settled later, without haste`() async throws {
        let stop = StopSignal()
        let handler = TaskHandler.waiting(for: never)
        let ids = try await handler.enqueue(4, at: place)
        try await place.run(handler, stop: stop) {
            try await eventually { handler.tally.running == 4 }
            place.log.before { call throws(StoreError) in
                if call.isSettle { throw StoreError(.busy, "locked") }
            }
            stop.raise()
            try await eventually { place.log.count { $0.isSettle } == 1 }
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                place.clock.now.offset >= .seconds(3)
            }
            #expect(place.log.count { $0.isSettle } <= 5)
            place.log.before(nil)
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                try await place.stats()[.queued] == 4
            }
        }
        try await expectAllGivenBack(ids)
    }
}
