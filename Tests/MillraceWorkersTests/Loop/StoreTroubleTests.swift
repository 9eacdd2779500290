import Logging
import MillraceCore
import MillraceTesting
import MillraceWorkers
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct StoreTroubleTests {
    private let place = Workplace()
    private let handler = TaskHandler { number, _ in number }

    @Test(arguments: [StoreError.Code.corrupted, .readOnly, .newerVersion])
    func `a store that must be mended first ends the worker with its error`(code: StoreError.Code) async throws {
        for isRefused: @Sendable (StoreCall) -> Bool in [
            { $0.isClaim }, { $0.isSettle }, { $0 == .renew }, { $0 == .rescue }, { $0 == .sweep },
        ] {
            place.log.before { call throws(StoreError) in
                if isRefused(call) { throw StoreError(code, "mend me") }
            }
            try await handler.enqueue(3, at: place)
            let running = place.worker(handlers: [handler], stop: StopSignal())
            await #expect {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await running.run() }
                    group.addTask {
                        // Heartbeats come only with time.
                        try await place.clock.advance(whenSleeping: 1) {
                            try Task.checkCancellation()
                            return false
                        }
                    }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            } throws: {
                ($0 as? StoreError)?.code == code
            }
        }
    }

    @Test func `what runs is told to end, and waited for, when the store must be mended first`() async throws {
        let handler = TaskHandler.waiting(for: StopSignal())
        try await handler.enqueue(at: place)
        place.log.before { call throws(StoreError) in
            if call.isClaim, handler.tally.running > 0 { throw StoreError(.readOnly, "mend me") }
        }
        let events = Mutex<[WorkerEvent]>([])
        let worker = place.worker(
            handlers: [handler], stop: StopSignal(), onEvent: { event in events.withLock { $0.append(event) } })
        await #expect {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                // The next claim comes only with time; from then on the clock stands still.
                group.addTask {
                    try await eventually { handler.tally.running == 1 }
                    try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                        place.log.count { $0.isClaim } > 1
                    }
                }
                for try await _ in group {}
            }
        } throws: {
            ($0 as? StoreError)?.code == .readOnly
        }
        #expect(handler.tally.running == 0 && handler.tally.cancelled == 1)
        #expect(events.withLock { $0 } == [])
    }

    @Test func `trouble with the store is told once, and once when it is over`() async throws {
        let lines = LogLines()
        try await handler.enqueue(3, at: place)
        place.log.before { call throws(StoreError) in
            if call.isSettle || call.isClaim || call == .rescue { throw StoreError(.full, "no room") }
        }
        let stop = StopSignal()
        let worker = WorkerService(
            WorkerService.Dependencies(
                jobs: place.jobs, processings: place.processings, transcripts: place.transcripts, cache: place.cache,
                clock: place.clock, time: MonotonicTime(place.clock)),
            handlers: [handler], stop: stop, logger: lines.logger)
        try await place.run([worker], stop: stop) {
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                place.clock.now.offset >= .seconds(5)
            }
            place.log.before(nil)
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                try await place.stats()[.completed] == 3
            }
        }
        let told = lines.warnings
        #expect(told.count { $0.contains("refuses work") } <= 3, "\(told)")
        #expect(told.contains("The store refuses work; trying until it takes it again"))
        #expect(told.last == "The store takes work again", "\(told)")
    }

    @Test func `an outcome from before the lease was given up still counts, unless another took the job over`()
        async throws
    {
        let ids = try await handler.enqueue(2, at: place)
        // Nothing can be written any more once both have run.
        place.log.before { [handler] call throws(StoreError) in
            if handler.tally.started == 2, !call.isClaim { throw StoreError(.full, "no room") }
        }
        try await place.run(handler, configuration: WorkerConfiguration(concurrency: 2)) {
            try await eventually { place.log.count { $0.isSettle } > 0 }
            try await place.clock.advance(whenSleeping: 1) { place.log.count { $0 == .register } >= 3 }
            place.log.before(nil)
            try await place.clock.advance(whenSleeping: 1) { try await place.stats()[.completed] == 2 }
        }
        #expect(handler.tally.started == 2)
        for id in ids { #expect(try await place.jobs.job(id)?.crashes == 0) }
    }
}
