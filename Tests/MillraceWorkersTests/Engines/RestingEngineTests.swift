import MillraceCore
import MillraceTesting
import MillraceWorkers
import Synchronization
import Testing

/// An engine that is gone while its worker runs.
@Suite(.timeLimit(.minutes(5))) struct RestingEngineTests {
    private let place = Workplace()
    private let lines = LogLines()
    private let engine = EchoTranscriber()
    private let gone = "An engine is unavailable; its work is left to others until it is back"
    private let back = "The engine is available again"

    private func working(
        _ engines: [any Transcriber], handlers: [any JobHandler] = [], concurrency: Int = 4,
        _ body: () async throws -> Void
    ) async throws {
        let stop = StopSignal()
        let worker = place.worker(
            WorkerConfiguration(concurrency: concurrency), handlers: handlers, reader: NumberedRecording(),
            transcribers: engines, stop: stop, logger: lines.logger)
        try await place.run([worker], stop: stop, while: body)
    }

    private func isFinal(_ run: ParallelProcessor) async throws -> Bool {
        try await place.processings.row(run.id)?.status.isFinal == true
    }

    private func end(_ run: ParallelProcessor) async throws {
        try await place.clock.advance(whenSleeping: Workplace.idleChunkSleepers) { try await isFinal(run) }
    }

    @Test func `costs no chunk a retry, is said once, and is used again when its check passes`() async throws {
        let run = try await place.startRun(chunks: 40)
        engine.leave(true)
        try await working([engine]) {
            try await place.pass(.seconds(300))
            for chunk in try await place.chunks(of: run) {
                #expect(chunk.status == .pending && chunk.retryCount == 0 && chunk.crashes == 0)
            }
            #expect(engine.calls.values.reduce(0, +) <= 4)
            #expect(lines.warnings == [gone])
            #expect(lines.errors == ["\(EchoTranscriber.absence)"])
            // After 1, 2, 4 … s, then each minute; the tenth at the 303rd second at the earliest.
            #expect((7...9).contains(engine.checks), "\(engine.checks)")
            engine.leave(false)
            try await end(run)
        }
        #expect(try await place.transcripts.load(run.transcriptID)?.status == .completed)
        #expect(try await place.chunks(of: run).allSatisfy { $0.retryCount == 0 })
        #expect(place.clock.now.offset <= .seconds(370))
        #expect(lines.warnings == [gone, back])
    }

    @Test func `leaves the worker's other engines at work`() async throws {
        let other = EchoTranscriber(EngineIdentity(known: "other"))
        let held = try await place.startRun(chunks: 8, path: "/held")
        let run = try await place.startRun(chunks: 8, path: "/other", engine: other.identity)
        engine.leave(true)
        try await working([engine, other]) {
            try await end(run)
        }
        #expect(try await place.transcripts.load(run.transcriptID)?.status == .completed)
        #expect(try await place.chunks(of: held).allSatisfy { $0.status == .pending && $0.retryCount == 0 })
        #expect(lines.warnings == [gone])
    }

    @Test func `is asked rarely as well where its check sees nothing wrong`() async throws {
        let isRefusing = Atomic(true)
        let refusal: @Sendable () -> Bool = { isRefusing.load(ordering: .sequentiallyConsistent) }
        engine.obstruct { _, _ throws(TranscriptionError) in
            if refusal() { throw TranscriptionError(.engineUnavailable, "no such model") }
        }
        let run = try await place.startRun(chunks: 40)
        try await working([engine]) {
            try await place.pass(.seconds(300))
            #expect(try await place.chunks(of: run).allSatisfy { $0.status == .pending && $0.retryCount == 0 })
            // Four at once, and four more after each check.
            #expect(engine.calls.values.reduce(0, +) <= 4 * 10)
            #expect(lines.warnings == [gone])
            isRefusing.store(false, ordering: .sequentiallyConsistent)
            try await end(run)
        }
        #expect(try await place.transcripts.load(run.transcriptID)?.status == .completed)
        #expect(lines.warnings == [gone, back])
    }

    @Test func `is not taken to be gone because of one chunk that it refuses while it takes others`() async throws {
        engine.obstruct { number, _ throws(TranscriptionError) in
            if number == 3 { throw TranscriptionError(.engineUnavailable, "not this one") }
        }
        let run = try await place.startRun(chunks: 40)
        try await working([engine]) { try await end(run) }
        #expect(try await place.transcripts.load(run.transcriptID)?.status == .partial)
        let failed = try await place.chunks(of: run).filter { $0.status != .completed }
        #expect(failed.map(\.index) == [3] && failed[0].errorMessage == "not this one")
    }

    @Test func `is not taken to be gone because of a language that it does not know`() async throws {
        let run = try await place.startRun(chunks: 3, language: "tlh")
        try await working([engine]) { try await end(run) }
        #expect(try await place.processings.row(run.id)?.status == .failed)
        #expect(try await place.chunks(of: run).allSatisfy { $0.errorMessage == "echo knows no Klingon" })
        #expect(lines.warnings == [] && engine.checks == 0)
    }

    @Test func `ends a worker that does not wait for it, with everything given back`() async throws {
        engine.obstruct { [engine] number, _ throws(TranscriptionError) in
            if number == 5 { engine.leave(true) }
            if number >= 5 { throw EchoTranscriber.absence }
        }
        let run = try await place.startRun(chunks: 20)
        let worker = place.chunkWorker(
            engine, configuration: WorkerConfiguration(waitsForEngines: false), stop: StopSignal())
        await #expect { try await worker.run() } throws: { error in
            (error as? TranscriptionError)?.code == .engineUnavailable
        }
        let chunks = try await place.chunks(of: run)
        #expect(chunks.allSatisfy { [.pending, .completed].contains($0.status) && $0.retryCount == 0 })
        #expect(chunks.count { $0.status == .completed } >= 4)
        #expect(try await place.jobs.workers().isEmpty)

        engine.leave(false)
        engine.obstruct(nil)
        #expect(try await place.finish(run, with: engine)?.status == .completed)
        let again = engine.calls.filter { $0.value > 1 }.keys
        #expect(again.allSatisfy { chunks[$0].status == .pending }, "\(engine.calls)")
    }

    @Test func `keeps a worker from jobs that need it, and from no others`() async throws {
        let engine = engine
        engine.leave(true)
        let needy = TaskHandler("needy") { _, job -> NoResult in
            do throws(TranscriptionError) {
                try await engine.check()
            } catch {
                throw LeaveJob(error.message, missing: job.engine)
            }
            return NoResult()
        }
        let plain = TaskHandler("plain") { _, _ in NoResult() }
        let requests = try (0..<3).map { try needy.request(.init(number: $0), engine: engine.identity) }
        let ids = try await place.jobs.enqueue(requests).ids
        try await working([engine], handlers: [needy, plain], concurrency: 1) {
            try await eventually { needy.tally.started == 1 }
            let free = try await plain.enqueue(2, at: place)
            try await place.pass(.seconds(100))
            for id in free { #expect(try await place.status(id) == .completed) }
            #expect(needy.tally.started == 1)
            let left = try #require(try await place.jobs.job(ids[0]))
            #expect(left.status == .queued && left.retryCount == 0)
            #expect(left.errorMessage == EchoTranscriber.absence.message)
            #expect(lines.warnings == [gone])
            engine.leave(false)
            try await place.clock.advance(whenSleeping: Workplace.idleChunkSleepers) {
                try await place.stats()[.completed] == 5
            }
        }
        #expect(lines.warnings == [gone, back])
    }
}
