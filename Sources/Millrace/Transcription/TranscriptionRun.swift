public import MillraceCore
internal import MillraceSpeech
public import MillraceWorkers
internal import Synchronization

/// A run that is stored and waits to be worked on.
public struct TranscriptionRun: Sendable {
    /// The processing as it was planned or joined.
    public let processor: ParallelProcessor

    private let processings: any ProcessingRepository
    private let transcripts: any TranscriptRepository
    private let planner: RecordingPlanner
    private let makeWorker: @Sendable (StopSignal, @escaping @Sendable (WorkerEvent) -> Void) -> WorkerService

    init(
        processor: ParallelProcessor, processings: any ProcessingRepository, transcripts: any TranscriptRepository,
        planner: RecordingPlanner,
        makeWorker: @escaping @Sendable (StopSignal, @escaping @Sendable (WorkerEvent) -> Void) -> WorkerService
    ) {
        self.processor = processor
        self.processings = processings
        self.transcripts = transcripts
        self.planner = planner
        self.makeWorker = makeWorker
    }

    /// Works on the run until it has ended, whoever ends it, or until `stop` is raised or a graceful shutdown begins.
    ///
    /// `onProgress` is called with every change that is seen, and at least once.
    ///
    /// - Returns: the transcript, whatever its final status; `nil` when the run was stopped before. Everything done is
    ///   kept, and the same run goes on from there.
    /// - Throws: `StoreError` `notFound` when somebody deleted the run; `TranscriptionError` `engineUnavailable` when the
    ///   engine is gone, with everything done kept as well; `CancellationError`.
    public func finish(
        stop: StopSignal = StopSignal(),
        onProgress: @escaping @Sendable (TranscriptionProgress) -> Void = { _ in }
    ) async throws -> Transcript? {
        // The worker has a signal of its own, because it is also to stop when the run has ended.
        let workerStop = StopSignal()
        let cached = CachedCount(processor.tasks.count { $0.isFromCache })
        let worker = makeWorker(workerStop) { event in
            if case .chunkCompleted(_, _, isFromCache: true) = event { cached.increment() }
        }
        let hasEnded = try await withThrowingTaskGroup(of: Bool?.self) { group in
            group.addTask {
                try await worker.run()
                return nil
            }
            group.addTask {
                await stop.wait()
                try Task.checkCancellation()
                return false
            }
            group.addTask {
                _ = try await ProcessingWatch(
                    processings: processings, id: processor.id, cached: { cached.value }
                ).run(onProgress: onProgress)
                return true
            }
            // Who comes first decides. `nil` is the worker's: it has returned, and nothing of it is held any more. That
            // may come first as well, since a graceful shutdown reaches it here too.
            var hasEnded = false
            while let answer = try await group.next(), let answer {
                hasEnded = hasEnded || answer
                workerStop.raise()
            }
            group.cancelAll()
            return hasEnded
        }
        guard hasEnded else { return nil }
        let transcript = try await transcripts.load(processor.transcriptID)
        if try await !transcripts.isInUse(hash: processor.source.hash) {
            await planner.removeDecoded(hash: processor.source.hash)
        }
        return transcript
    }

    /// The chunks that failed for good, by index.
    public func failedChunks() async throws(StoreError) -> [ChunkTask] {
        var failed: [ChunkTask] = []
        for try await chunk in processings.results(of: processor.id) where chunk.status == .failed {
            failed.append(chunk)
        }
        return failed
    }

    private final class CachedCount: Sendable {
        private let count: Mutex<Int>

        init(_ count: Int) {
            self.count = Mutex(count)
        }

        func increment() { count.withLock { $0 += 1 } }

        var value: Int { count.withLock { $0 } }
    }
}
