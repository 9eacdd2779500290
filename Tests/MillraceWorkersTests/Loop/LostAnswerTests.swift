import MillraceCore
import MillraceTesting
import MillraceWorkers
import Synchronization
import Testing

/// Claims that the store has carried out, and whose answer the worker never got.
@Suite(.timeLimit(.minutes(5))) struct LostAnswerTests {
    private let place = Workplace()

    /// Loses the answers of so many claims.
    private func loseAnswers(_ count: Int, of isLost: @escaping @Sendable (StoreCall) -> Bool) {
        let left = Mutex(count)
        place.log.after { call throws(StoreError) in
            guard isLost(call) else { return }
            let isLost = left.withLock { left in
                defer { left -= 1 }
                return left > 0
            }
            if isLost { throw StoreError(.unavailable, "the connection broke") }
        }
    }

    @Test func `jobs of a claim whose answer was lost are given back and done, and those that run are left alone`()
        async throws
    {
        let gate = StopSignal()
        let handler = TaskHandler { number, _ in
            if number == 0 { await gate.wait() }
            return number
        }
        try await handler.enqueue(1, at: place)
        try await place.run(handler, configuration: WorkerConfiguration(concurrency: 3)) {
            try await eventually { handler.tally.started == 1 }
            loseAnswers(2) { $0.isClaim }
            let others = try (1..<5).map { try handler.request(.init(number: $0)) }
            let ids = try await place.jobs.enqueue(others).ids
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                try await place.stats()[.completed] == 4
            }
            for id in ids {
                let job = try #require(try await place.jobs.job(id))
                #expect(job.crashes == 0 && job.retryCount == 0)
            }
            #expect(handler.tally.running == 1)
            gate.raise()
            try await place.clock.advance(whenSleeping: Workplace.busySleepers) {
                try await place.stats()[.completed] == 5
            }
        }
        #expect(handler.tally.started == 5)
    }

    @Test func `chunks of a claim whose answer was lost are given back and transcribed`() async throws {
        let run = try await place.startRun(chunks: 8)
        loseAnswers(2) { $0.isChunkClaim }
        let engine = EchoTranscriber()
        let transcript = try #require(try await place.finish(run, with: engine))
        #expect(transcript.status == .completed && transcript.chunks.completed == 8)
        #expect(engine.calls.values.allSatisfy { $0 == 1 })
    }

    @Test func `a worker that stops gives back what it was not told of`() async throws {
        let handler = TaskHandler { number, _ in number }
        let ids = try await handler.enqueue(2, at: place)
        loseAnswers(.max) { $0.isClaim }
        try await place.run(handler) {
            try await eventually { try await place.status(ids[0]) == .processing }
        }
        for id in ids {
            let job = try #require(try await place.jobs.job(id))
            #expect(job.status == .queued && job.crashes == 0)
        }
    }
}
