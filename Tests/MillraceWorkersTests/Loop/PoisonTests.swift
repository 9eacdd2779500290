import MillraceCore
import MillraceTesting
import MillraceWorkers
import Testing

@Suite(.timeLimit(.minutes(5))) struct PoisonTests {
    private let place = Workplace()

    @Test func `a job that three workers died with runs alone, when its worker has nothing else to do`() async throws {
        let gates = (0..<3).map { _ in StopSignal() }
        let suspect = TaskHandler("suspect") { _, _ in
            await gates[0].wait()
            return NoResult()
        }
        let other = TaskHandler("other") { _, job in
            await gates[job.uniqueKey == "late" ? 2 : 1].wait()
            return NoResult()
        }
        let id = try await suspect.enqueue(at: place)[0]
        try await place.crash(times: 3, types: [suspect.jobType])
        let early = try await other.enqueue(2, at: place)
        try await place.run(suspect, other) {
            try await eventually { other.tally.running == 2 }
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                place.clock.now.offset > .seconds(35)
            }
            #expect(suspect.tally.started == 0)
            gates[1].raise()
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) { suspect.tally.running == 1 }
            for id in early { #expect(try await place.status(id) == .completed) }

            try await place.jobs.enqueue(
                JobRequest(other.jobType, payload: JSONText(#"{"number":0}"#), uniqueKey: "late"))
            let start = place.clock.now.offset
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                place.clock.now.offset > start + .seconds(3)
            }
            #expect(other.tally.running == 0)
            gates[0].raise()
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) { other.tally.running == 1 }
            gates[2].raise()
        }
        let job = try #require(try await place.jobs.job(id))
        #expect(job.status == .completed && job.crashes == 3)
    }

    @Test func `a job that kills its worker when it runs alone has failed, and says so`() async throws {
        let handler = TaskHandler { _, _ in NoResult() }
        let id = try await handler.enqueue(at: place)[0]
        try await place.crash(times: 3, types: [handler.jobType])
        #expect(try await place.status(id) == .queued)
        try await place.crash(times: 1, takingOnlyWhatRunsAlone: true, types: [handler.jobType])
        let job = try #require(try await place.jobs.job(id))
        #expect(job.status == .failed && job.crashes == 4 && job.retryCount == 0)
        #expect(job.errorMessage == Job.poisonMessage(crashes: 4))
    }

    @Test func `an innocent job that shared the crashes of another completes`() async throws {
        let killer = TaskHandler("killer") { _, _ in NoResult() }
        let innocent = TaskHandler("innocent") { _, _ in NoResult() }
        let killing = try await killer.enqueue(at: place)[0]
        let shared = try await innocent.enqueue(at: place)[0]
        try await place.crash(times: 3, types: [killer.jobType, innocent.jobType])
        try await place.crash(times: 1, takingOnlyWhatRunsAlone: true, types: [killer.jobType])
        try await place.run(innocent) {
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                try await place.status(shared) == .completed
            }
        }
        #expect(try await place.status(killing) == .failed)
        #expect(try await place.jobs.job(shared)?.crashes == 3)
    }

    @Test func `with maxCrashes 0 a job is run with the others however often its workers died`() async throws {
        let gate = StopSignal()
        let handler = TaskHandler.waiting(for: gate)
        let id = try await handler.enqueue(at: place)[0]
        try await place.crash(times: 5, types: [handler.jobType])
        try await handler.enqueue(3, at: place)
        try await place.run(handler, configuration: WorkerConfiguration(maxCrashes: 0)) {
            try await eventually { handler.tally.running == 4 }
            gate.raise()
            try await eventually { try await place.stats()[.completed] == 4 }
        }
        #expect(try await place.jobs.job(id)?.crashes == 5)
    }

    @Test func `one that runs alone and does not end does not keep the others waiting for ever`() async throws {
        let hearing = StopSignal()
        let deaf = TaskHandler("deaf", timeout: .seconds(1)) { _, _ in
            await waitDeaf(for: hearing)
            return NoResult()
        }
        let other = TaskHandler("other") { _, _ in NoResult() }
        try await deaf.enqueue(at: place)
        try await place.crash(times: 3, types: [deaf.jobType])
        try await place.run(deaf, other, configuration: WorkerConfiguration(retryPolicy: .fixed(.seconds(3_600)))) {
            defer { hearing.raise() }
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) { deaf.tally.running == 1 }
            let id = try await other.enqueue(at: place)[0]
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                try await place.status(id) == .completed
            }
            #expect(deaf.tally.running == 1)
        }
    }
}
