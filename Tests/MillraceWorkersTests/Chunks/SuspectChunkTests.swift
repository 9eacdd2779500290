import MillraceCore
import MillraceTesting
import MillraceWorkers
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct SuspectChunkTests {
    private let place = Workplace()

    /// Workers that claim what they are given and are never heard of again.
    private func crash(times: Int, taking scope: ChunkScope, expecting count: Int) async throws {
        for _ in 0..<times {
            let worker = WorkerID.make(at: place.clock.timeOfDay)
            try await place.jobs.base.register(worker, process: nil, leasedFor: .seconds(10))
            let claimed = try await place.processings.base.claim(upTo: 100, from: scope, by: worker)
            #expect(claimed.count == count)
            place.clock.advance(by: .seconds(10))
            _ = try await place.processings.base.rescue(maxCrashes: scope.maxCrashes)
        }
    }

    @Test func `chunks that three workers died with are transcribed one at a time, and the run completes`() async throws
    {
        let running = Mutex((now: 0, most: 0))
        let engine = EchoTranscriber { _, _ in
            running.withLock { running in
                running.now += 1
                running.most = max(running.most, running.now)
            }
            for _ in 0..<100 { await Task.yield() }
            running.withLock { $0.now -= 1 }
        }
        let run = try await place.startRun(chunks: 3)
        try await crash(times: 3, taking: ChunkScope(engines: [EchoTranscriber.identity]), expecting: 3)
        let transcript = try await place.finish(run, with: engine)
        #expect(transcript?.status == .completed && transcript?.text == "c0 c1 c2")
        #expect(running.withLock { $0.most } == 1)
        #expect(engine.calls == [0: 1, 1: 1, 2: 1])
    }

    @Test func `a chunk that kills its worker when it runs alone leaves a gap that says why`() async throws {
        let run = try await place.startRun(chunks: 2)
        let everything = ChunkScope(engines: [EchoTranscriber.identity])
        try await crash(times: 3, taking: everything, expecting: 2)
        let alone = ChunkScope(engines: [EchoTranscriber.identity], maxCrashes: 3, isAlone: true)
        try await crash(times: 1, taking: alone, expecting: 1)
        let transcript = try await place.finish(run, with: EchoTranscriber())
        #expect(transcript?.status == .partial && transcript?.text.hasSuffix("c1") == true)
        #expect(transcript?.chunks == ChunkSummary(total: 2, completed: 1, failed: 1, cached: 0))
        let chunks = try await place.chunks(of: run)
        #expect(chunks.map(\.status) == [.failed, .completed])
        #expect(chunks[0].errorMessage == Job.poisonMessage(crashes: 4))
    }
}
