import Foundation
import MillraceCore
import MillraceTesting
import MillraceWorkers

extension Workplace {
    /// Stores the plan of a run over a numbered recording.
    func startRun(
        chunks: Int, path: String = "/recording", usesCache: Bool = true, policy: FailurePolicy = .partial,
        maxRetries: Int = 3, engine: EngineIdentity = EchoTranscriber.identity, language: String? = nil,
        traceContext: [String: String]? = nil
    ) async throws -> ParallelProcessor {
        let now = clock.timeOfDay
        let length = NumberedRecording.samplesPerChunk
        let processor = try ParallelProcessor(
            id: .make(at: now), transcriptID: .make(at: now),
            source: RecordingSource(
                path: path, hash: ContentHash(of: Data(path.utf8)), sampleCount: Int64(chunks) * length),
            recipe: Recipe(engine: engine, language: language, usesCache: usesCache, failurePolicy: policy),
            chunks: (0..<Int64(chunks)).map { number in
                (ChunkID.make(at: now), try SampleRange(start: number * length, end: (number + 1) * length))
            },
            maxRetries: maxRetries, traceContext: traceContext, at: now)
        let transcript = Transcript(
            id: processor.transcriptID, source: path, hash: processor.source.hash,
            durationSeconds: processor.source.durationSeconds, chunkCount: chunks, at: now)
        try await processings.start(processor, transcript: transcript)
        return processor
    }

    /// A worker for chunks, merges and nothing else.
    func chunkWorker(
        _ engine: EchoTranscriber, reader: NumberedRecording = NumberedRecording(),
        configuration: WorkerConfiguration = WorkerConfiguration(), stop: StopSignal,
        cache: (any CacheRepository)? = nil, onEvent: (@Sendable (WorkerEvent) -> Void)? = nil
    ) -> WorkerService {
        worker(
            configuration, reader: reader, transcribers: [engine], stop: stop, onEvent: onEvent, cache: cache)
    }

    /// Moves the clock of an idle chunk worker on.
    func pass(_ duration: Duration) async throws {
        let end = clock.now.advanced(by: duration)
        try await clock.advance(whenSleeping: Workplace.idleChunkSleepers) { clock.now >= end }
    }

    /// Runs one worker until a run has ended, moving the clock, and returns the transcript.
    func finish(
        _ run: ParallelProcessor, with engine: EchoTranscriber, reader: NumberedRecording = NumberedRecording(),
        configuration: WorkerConfiguration = WorkerConfiguration(), cache: (any CacheRepository)? = nil
    ) async throws -> Transcript? {
        let stop = StopSignal()
        let worker = chunkWorker(engine, reader: reader, configuration: configuration, stop: stop, cache: cache)
        try await self.run([worker], stop: stop) {
            try await clock.advance(whenSleeping: Workplace.idleChunkSleepers) {
                try await processings.row(run.id)?.status.isFinal == true
            }
        }
        return try await transcripts.load(run.transcriptID)
    }

    func chunks(of run: ParallelProcessor) async throws -> [ChunkTask] {
        try await processings.chunks(of: run.id, after: nil, limit: 1_000)
    }
}
