import MillraceCore
import MillraceWorkers
import Testing

@Suite(.timeLimit(.minutes(5))) struct ConcurrencyTests {
    private let place = Workplace()

    @Test(arguments: [1, 3, 16])
    func `as many jobs run side by side as are allowed, and never more`(concurrency: Int) async throws {
        let gates = (0..<40).map { _ in StopSignal() }
        let handler = TaskHandler { number, _ in
            await gates[number].wait()
            return NoResult()
        }
        try await handler.enqueue(40, at: place)
        try await place.run(handler, configuration: WorkerConfiguration(concurrency: concurrency)) {
            for gate in gates {
                let done = try await place.stats()[.completed]
                try await eventually { handler.tally.running == min(concurrency, 40 - done) }
                #expect(try await place.stats()[.processing] <= concurrency)
                gate.raise()
                try await eventually { try await place.stats()[.completed] == done + 1 }
            }
        }
        #expect(handler.tally.mostRunning == concurrency)
        #expect(handler.tally.started == 40)
    }

    @Test func `quick jobs are claimed and settled many at a time`() async throws {
        place.log.before { call in
            // A store takes its time; meanwhile further jobs end.
            if call.isSettle { for _ in 0..<50 { await Task.yield() } }
        }
        let handler = TaskHandler { _, _ in NoResult() }
        try await handler.enqueue(1_000, at: place)
        try await place.run(handler, configuration: WorkerConfiguration(concurrency: 50)) {
            try await eventually { try await place.stats()[.completed] == 1_000 }
        }
        #expect(handler.tally.started == 1_000)
        #expect(place.log.count { $0.isSettle } < 250)
        #expect(place.log.count { $0.isClaim } < 250)
    }

    @Test func `an end asks for more work once for each claim, not once for each job`() async throws {
        let gates = (0..<20).map { _ in StopSignal() }
        let handler = TaskHandler { number, _ in
            await gates[number].wait()
            return NoResult()
        }
        try await handler.enqueue(20, at: place)
        try await place.run(handler, configuration: WorkerConfiguration(concurrency: 32, maxCrashes: 0)) {
            for (number, gate) in gates.enumerated() {
                gate.raise()
                try await eventually { try await place.stats()[.completed] == number + 1 }
            }
        }
        #expect(place.log.count { $0.isClaim } <= 3)
    }
}
