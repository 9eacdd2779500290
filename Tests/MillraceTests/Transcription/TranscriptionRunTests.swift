import Foundation
import Logging
import MillraceCaching
import MillraceCore
import MillraceSpeech
import MillraceTesting
import MillraceWorkers
import ServiceLifecycle
import Synchronization
import Testing

@testable import Millrace

@Suite(.timeLimit(.minutes(5))) struct TranscriptionRunTests {
    /// Hands the run to a service group.
    private struct RunService: Service {
        let run: TranscriptionRun
        let returned: StopSignal

        func run() async throws {
            #expect(try await run.finish() == nil)
            returned.raise()
        }
    }

    private let clock = ManualClock()
    private let logger = Logger(label: "run", factory: { _ in SwiftLogNoOpLogHandler() })
    private let store: InMemoryStore
    private let jobs: InMemoryJobQueueRepository
    private let processings: InMemoryProcessingRepository
    private let transcripts: InMemoryTranscriptRepository

    init() {
        store = InMemoryStore(clock: clock)
        jobs = InMemoryJobQueueRepository(store)
        processings = InMemoryProcessingRepository(store)
        transcripts = InMemoryTranscriptRepository(store)
    }

    /// A run of one chunk whose worker has no engine, so that it never ends.
    private func endlessRun() async throws -> TranscriptionRun {
        let now = clock.timeOfDay
        let source = RecordingSource(path: "/recording", hash: ContentHash(of: Data()), sampleCount: 100)
        let processor = try ParallelProcessor(
            id: .make(at: now), transcriptID: .make(at: now), source: source,
            recipe: Recipe(engine: EngineIdentity(known: "echo")),
            chunks: [(ChunkID.make(at: now), SampleRange(start: 0, end: 100))], at: now)
        try await processings.start(
            processor,
            transcript: Transcript(
                id: processor.transcriptID, source: source.path, hash: source.hash,
                durationSeconds: source.durationSeconds, chunkCount: 1, at: now))
        return TranscriptionRun(
            processor: processor, processings: processings, transcripts: transcripts,
            planner: RecordingPlanner(decodedFolder: "/nowhere")
        ) { [self] stop, onEvent in
            WorkerService(
                WorkerService.Dependencies(
                    jobs: jobs, processings: processings, transcripts: transcripts,
                    cache: TieredCache(store: InMemoryCacheStore(store), clock: clock), clock: clock,
                    time: MonotonicTime(clock)),
                stop: stop, onEvent: onEvent, logger: logger)
        }
    }

    @Test func `a graceful shutdown ends the wait for a run`() async throws {
        let returned = StopSignal()
        let service = RunService(run: try await endlessRun(), returned: returned)
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .ignore)], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            while try await jobs.workers().isEmpty { await Task.yield() }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        #expect(returned.isRaised)
        #expect(try await jobs.workers().isEmpty)
    }

    @Test func `a stop ends the wait and leaves the run to be taken up again`() async throws {
        let run = try await endlessRun()
        let stop = StopSignal()
        let seen = Mutex<[TranscriptionProgress]>([])
        let transcript = try await run.finish(stop: stop) { progress in
            seen.withLock { $0.append(progress) }
            stop.raise()
        }
        #expect(transcript == nil)
        #expect(seen.withLock { $0.map(\.status) } == [.pending])
        #expect(try await processings.row(run.processor.id)?.status == .pending)
        #expect(try await jobs.workers().isEmpty)
    }

    @Test func `a run that is deleted meanwhile is said so`() async throws {
        let run = try await endlessRun()
        try await transcripts.delete(run.processor.transcriptID, force: true)
        await #expect { try await run.finish() } throws: { ($0 as? StoreError)?.code == .notFound }
    }
}
