import MillraceCore
import MillraceTesting
import MillraceWorkers
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct FailingStoreTests {
    private let place = Workplace()
    private let handler = TaskHandler { number, _ in number }

    @Test func `no outcome is lost while the store refuses settlements`() async throws {
        let ids = try await handler.enqueue(20, at: place)
        place.log.before { call throws(StoreError) in
            if call.isSettle { throw StoreError(.busy, "locked") }
        }
        try await place.run(handler, configuration: WorkerConfiguration(concurrency: 2)) {
            try await eventually { place.log.count { $0.isSettle } > 0 }
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                place.clock.now.offset >= .seconds(5)
            }
            #expect(try await place.stats()[.completed] == 0)
            // Outcomes that nobody takes must not pile up; the first refusal comes beside the claim of two more.
            #expect(handler.tally.started <= 4)
            #expect(place.log.count { $0.isSettle } <= 12)
            place.log.before(nil)
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                try await place.stats()[.completed] == 20
            }
        }
        #expect(handler.tally.started == 20)
        for (number, id) in ids.enumerated() {
            #expect(try await place.jobs.result(of: id)?.decode(Int.self) == number)
        }
    }

    @Test func `an outcome that the store will never keep fails its job and no other`() async throws {
        let ids = try await handler.enqueue(20, at: place)
        place.log.refuse { settlement in
            if case .completed = settlement.outcome { settlement.jobID == ids[7] } else { false }
        }
        try await place.run(handler) {
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                let stats = try await place.stats()
                return stats[.completed] + stats[.failed] == 20
            }
        }
        let job = try #require(try await place.jobs.job(ids[7]))
        #expect(job.status == .failed && job.errorMessage?.contains("cannot be stored") == true)
        #expect(try await place.stats()[.completed] == 19)
    }

    @Test(arguments: 1...3)
    func `a fault of the store that nobody knows costs no outcome`(times: Int) async throws {
        let faults = Mutex(times)
        let ids = try await handler.enqueue(3, at: place)
        place.log.before { call throws(StoreError) in
            let isFaulty =
                call.isSettle
                && faults.withLock { left in
                    defer { left -= 1 }
                    return left > 0
                }
            if isFaulty { throw StoreError(.unexpected, "the store failed") }
        }
        try await place.run(handler) {
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                let stats = try await place.stats()
                return stats[.completed] + stats[.failed] == 3
            }
        }
        for (number, id) in ids.enumerated() {
            #expect(try await place.jobs.result(of: id)?.decode(Int.self) == number)
        }
        #expect(handler.tally.started == 3)
    }

    @Test func `the loop goes on when the store refuses claims for a while, without haste`() async throws {
        try await handler.enqueue(3, at: place)
        place.log.before { call throws(StoreError) in
            if call.isClaim { throw StoreError(.unavailable, "gone") }
        }
        try await place.run(handler) {
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                place.clock.now.offset >= .seconds(5)
            }
            #expect((4...7).contains(place.log.count { $0.isClaim }))
            place.log.before(nil)
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                try await place.stats()[.completed] == 3
            }
        }
    }

    @Test func `a store that cannot be reached at the start is said so`() async throws {
        place.log.before { call throws(StoreError) in
            if call == .register { throw StoreError(.unavailable, "gone") }
        }
        await #expect { try await place.worker(stop: StopSignal()).run() } throws: {
            ($0 as? StoreError)?.code == .unavailable
        }
    }
}
