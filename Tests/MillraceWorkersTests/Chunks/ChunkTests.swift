import MillraceCore
import MillraceTesting
import MillraceWorkers
import Testing

@Suite(.timeLimit(.minutes(5))) struct ChunkTests {
    private let place = Workplace()

    private func text(_ numbers: Range<Int>) -> String {
        numbers.map { "c\($0)" }.joined(separator: " ")
    }

    @Test func `chunks are transcribed side by side and merged once, in order`() async throws {
        // Later chunks end first.
        let engine = EchoTranscriber { number, _ in for _ in 0..<(40 - number) { await Task.yield() } }
        let run = try await place.startRun(chunks: 40)
        let transcript = try #require(try await place.finish(run, with: engine))
        #expect(transcript.status == .completed && transcript.text == text(0..<40) && transcript.language == "en")
        #expect(transcript.chunks == ChunkSummary(total: 40, completed: 40, failed: 0, cached: 0))
        #expect(transcript.segments.map(\.start) == transcript.segments.map(\.start).sorted())
        #expect(engine.calls == Dictionary(uniqueKeysWithValues: (0..<40).map { ($0, 1) }))
        #expect(place.log.count { $0 == .finish } == 1)
        let stats = try await place.stats()
        #expect(stats[.completed] == 1 && stats.total == 1)
    }

    @Test func `two workers share the chunks of a run and run each once`() async throws {
        let first = EchoTranscriber()
        let second = EchoTranscriber()
        // Each holds its first chunk until the other has one too.
        let obstacle: EchoTranscriber.Obstacle = { _, _ in
            while first.calls.isEmpty || second.calls.isEmpty, !Task.isCancelled { await Task.yield() }
        }
        for engine in [first, second] { engine.obstruct(obstacle) }
        let run = try await place.startRun(chunks: 30)
        let stop = StopSignal()
        let workers = [first, second].map {
            place.chunkWorker($0, configuration: WorkerConfiguration(concurrency: 2), stop: stop)
        }
        try await place.run(workers, stop: stop) {
            try await place.clock.advance(whenSleeping: 6) {
                try await place.processings.row(run.id)?.status == .completed
            }
        }
        #expect(!first.calls.isEmpty && !second.calls.isEmpty)
        #expect(
            first.calls.merging(second.calls, uniquingKeysWith: +).sorted { $0.key < $1.key }.map(\.value)
                == Array(repeating: 1, count: 30))
        #expect(try await place.transcripts.load(run.transcriptID)?.text == text(0..<30))
    }

    @Test(arguments: [
        (FailurePolicy.partial, [2], TranscriptStatus.partial), (.fail, [2], .failed),
        (.partial, [0, 1, 2, 3], .failed),
    ])
    func `a chunk that fails for good decides the transcript's status`(
        policy: FailurePolicy, failing: [Int], status: TranscriptStatus
    ) async throws {
        let engine = EchoTranscriber { number, _ throws(TranscriptionError) in
            if failing.contains(number) { throw TranscriptionError(.engineFailed, "broken") }
        }
        let run = try await place.startRun(chunks: 4, policy: policy)
        let transcript = try #require(try await place.finish(run, with: engine))
        #expect(transcript.status == status)
        #expect(transcript.chunks.failed == failing.count)
        #expect(transcript.segments.count(where: \.isGap) == failing.count)
        #expect(try await place.processings.row(run.id)?.status == status.processingStatus)
        for chunk in try await place.chunks(of: run) where failing.contains(chunk.index) {
            #expect(chunk.status == .failed && chunk.errorMessage == "broken" && chunk.retryCount == 0)
        }
    }

    @Test func `only a chunk that failed for good runs again when its run is resumed`() async throws {
        let engine = EchoTranscriber { number, _ throws(TranscriptionError) in
            if number == 3 { throw TranscriptionError(.engineFailed, "broken") }
        }
        let run = try await place.startRun(chunks: 6, usesCache: false)
        #expect(try await place.finish(run, with: engine)?.status == .partial)
        engine.obstruct(nil)
        var again = try #require(try await place.processings.load(run.id))
        try again.resume(at: place.clock.timeOfDay)
        try await place.processings.save(again)
        let transcript = try #require(try await place.finish(run, with: engine))
        #expect(transcript.status == .completed && transcript.text == text(0..<6))
        #expect(engine.calls == [0: 1, 1: 1, 2: 1, 3: 2, 4: 1, 5: 1])
        #expect(try await place.processings.row(run.id)?.round == 2)
        #expect(place.log.count { $0 == .finish } == 2)
    }

    @Test func `a chunk that may succeed later is tried again, and its failure is not cached`() async throws {
        let engine = EchoTranscriber { number, call throws(TranscriptionError) in
            if number == 1, call < 2 { throw TranscriptionError(.timedOut, "slow", isRetryable: true) }
        }
        let run = try await place.startRun(chunks: 3)
        let transcript = try #require(
            try await place.finish(
                run, with: engine, configuration: WorkerConfiguration(retryPolicy: .fixed(.seconds(3)))))
        #expect(transcript.status == .completed)
        #expect(engine.calls == [0: 1, 1: 3, 2: 1])
        #expect(try await place.chunks(of: run)[1].retryCount == 2)
        #expect(place.clock.now.offset >= .seconds(6))
    }

    @Test func `chunks whose retries are used up have failed`() async throws {
        let engine = EchoTranscriber { number, _ throws(TranscriptionError) in
            if number == 0 { throw TranscriptionError(.timedOut, "slow", isRetryable: true) }
        }
        let run = try await place.startRun(chunks: 2, maxRetries: 1)
        #expect(try await place.finish(run, with: engine)?.status == .partial)
        #expect(engine.calls == [0: 2, 1: 1])
    }

    @Test func `a stop gives chunks back without a retry`() async throws {
        let never = StopSignal()
        let engine = EchoTranscriber { _, _ throws(TranscriptionError) in
            await never.wait()
            throw TranscriptionError(.cancelled, "stopped")
        }
        let run = try await place.startRun(chunks: 6)
        let stop = StopSignal()
        try await place.run([place.chunkWorker(engine, stop: stop)], stop: stop) {
            try await eventually { engine.calls.count == 4 }
        }
        for chunk in try await place.chunks(of: run) {
            #expect(chunk.status == .pending && chunk.retryCount == 0 && chunk.crashes == 0)
        }
    }

    @Test func `the chunks of a worker that vanished are run by another`() async throws {
        let run = try await place.startRun(chunks: 3)
        let lost = WorkerID.make(at: place.clock.timeOfDay)
        try await place.jobs.register(lost, process: nil, leasedFor: .seconds(10))
        let held = try await place.processings.claim(
            upTo: 2, from: ChunkScope(engines: [EchoTranscriber.identity]), by: lost)
        #expect(held.count == 2)
        #expect(try await place.finish(run, with: EchoTranscriber())?.text == text(0..<3))
        #expect(try await place.chunks(of: run).map(\.crashes) == [1, 1, 0])
        #expect(place.clock.now.offset >= .seconds(10))
    }

    @Test func `chunks for an engine that a worker has not are left alone`() async throws {
        let other = try await place.startRun(chunks: 2, path: "/other", engine: EngineIdentity(known: "another"))
        let own = try await place.startRun(chunks: 2)
        #expect(try await place.finish(own, with: EchoTranscriber())?.status == .completed)
        #expect(try await place.chunks(of: other).allSatisfy { $0.status == .pending })
    }

    @Test func `a recording that cannot be read here is left to others`() async throws {
        let far = try await place.startRun(chunks: 8, path: "/far")
        let near = try await place.startRun(chunks: 8, path: "/near")
        let reader = NumberedRecording(unreachable: ["/far"])
        #expect(try await place.finish(near, with: EchoTranscriber(), reader: reader)?.status == .completed)
        #expect(try await place.chunks(of: far).allSatisfy { $0.status == .pending && $0.retryCount == 0 })
        #expect(try await place.finish(far, with: EchoTranscriber())?.status == .completed)
    }

    @Test func `of a recording that cannot be read here chunks are transcribed whose sound is kept with them`()
        async throws
    {
        let far = try await place.startRun(chunks: 8, path: "/far")
        let near = try await place.startRun(chunks: 8, path: "/near")
        let kept = try await place.chunks(of: far).filter { $0.index % 2 == 1 }
        try await place.processings.storeAudio(
            Dictionary(uniqueKeysWithValues: kept.map { ($0.id, NumberedRecording.kept($0.index)) }))
        let reader = NumberedRecording(unreachable: ["/far"])
        let engine = EchoTranscriber()
        #expect(try await place.finish(near, with: engine, reader: reader)?.status == .completed)
        let stop = StopSignal()
        try await place.run([place.chunkWorker(engine, reader: reader, stop: stop)], stop: stop) {
            try await place.clock.advance(whenSleeping: Workplace.idleChunkSleepers) {
                try await place.processings.row(far.id)?.completedChunks == 4
            }
        }
        let done = try await place.chunks(of: far)
        #expect(done.map { $0.status == .completed } == [false, true, false, true, false, true, false, true])
        #expect(done.allSatisfy { $0.retryCount == 0 })
        let transcript = try await place.finish(far, with: EchoTranscriber())
        #expect(transcript?.status == .completed && transcript?.text == text(0..<8))
    }

    @Test func `sound kept with a chunk that is not the chunk's fails it`() async throws {
        let run = try await place.startRun(chunks: 1, path: "/far")
        let chunk = try await place.chunks(of: run)[0]
        try await place.processings.storeAudio([chunk.id: [1, 0]])
        let transcript = try await place.finish(
            run, with: EchoTranscriber(), reader: NumberedRecording(unreachable: ["/far"]))
        #expect(transcript?.status == .failed)
    }

    @Test func `a recording that cannot be read fails where nobody else is to try`() async throws {
        let run = try await place.startRun(chunks: 2, path: "/far")
        let transcript = try await place.finish(
            run, with: EchoTranscriber(), reader: NumberedRecording(unreachable: ["/far"]),
            configuration: WorkerConfiguration(leavesUnreadableToOthers: false))
        #expect(transcript?.status == .failed)
    }

    @Test func `a merge whose run is called off meanwhile leaves nothing held`() async throws {
        let run = try await place.startRun(chunks: 1)
        place.log.before { [place] call throws(StoreError) in
            guard call == .finish, var cancelled = try await place.processings.load(run.id) else { return }
            try cancelled.cancel(at: place.clock.timeOfDay)
            try await place.processings.save(cancelled)
        }
        let stop = StopSignal()
        try await place.run([place.chunkWorker(EchoTranscriber(), stop: stop)], stop: stop) {
            try await eventually { place.log.count { $0 == .finish } == 1 }
            try await place.clock.advance(whenSleeping: Workplace.idleChunkSleepers) {
                place.clock.now.offset > .seconds(2)
            }
            #expect(try await place.stats()[.processing] == 0)
        }
        #expect(try await place.processings.row(run.id)?.status == .cancelled)
    }

    @Test func `where there is no sound at all, no engine is asked`() async throws {
        struct Silence: RecordingReader {
            func chunk(_ range: SampleRange, of source: RecordingSource) async throws(TranscriptionError) -> AudioChunk
            {
                AudioChunk(samples: Array(repeating: 0, count: range.count))
            }

            func chunk(flac: [UInt8]) async throws(TranscriptionError) -> AudioChunk { AudioChunk(samples: []) }
        }
        let engine = EchoTranscriber()
        let run = try await place.startRun(chunks: 3)
        let stop = StopSignal()
        try await place.run([place.worker(reader: Silence(), transcribers: [engine], stop: stop)], stop: stop) {
            try await place.clock.advance(whenSleeping: Workplace.idleChunkSleepers) {
                try await place.processings.row(run.id)?.status.isFinal == true
            }
        }
        #expect(engine.calls.isEmpty)
        let transcript = try #require(try await place.transcripts.load(run.transcriptID))
        #expect(transcript.status == .completed && transcript.segments.isEmpty)
    }

    @Test func `an engine's time that is no number fails its chunk and no other`() async throws {
        struct Dreamer: Transcriber {
            let identity = EchoTranscriber.identity

            func check() async throws(TranscriptionError) {}

            func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
                let end = audio.samples[0] == 1 ? Double.nan : 0.1
                return ChunkResult(segments: [Segment(start: 0, end: end, text: "x")])
            }
        }
        let run = try await place.startRun(chunks: 3)
        let stop = StopSignal()
        let worker = place.worker(reader: NumberedRecording(), transcribers: [Dreamer()], stop: stop)
        try await place.run([worker], stop: stop) {
            try await place.clock.advance(whenSleeping: Workplace.idleChunkSleepers) {
                try await place.processings.row(run.id)?.status.isFinal == true
            }
        }
        let chunks = try await place.chunks(of: run)
        #expect(chunks.map(\.status) == [.failed, .completed, .completed])
        #expect(chunks[0].errorMessage?.contains("no number") == true)
    }
}
