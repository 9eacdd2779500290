import Logging
import MillraceCaching
import MillraceCore
import MillraceTesting
import MillraceWorkers
import Testing

@testable import MillracePostgres

/// A worker that has nothing to do.
@Suite("An idle worker", .timeLimit(.minutes(5)))
struct IdleWorkerTests {
    private struct Hand: JobHandler {
        let jobType = JobType(known: "work")

        func run(_ payload: [String: Int], in context: JobContext) async throws -> NoResult { NoResult() }
    }

    /// An engine, so that the worker looks for chunks too.
    private struct Ear: Transcriber, RecordingReader {
        let identity = EngineIdentity(known: "ear")

        func check() async throws(TranscriptionError) {}

        func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
            ChunkResult(segments: [], language: nil)
        }

        func chunk(_ range: SampleRange, of source: RecordingSource) async throws(TranscriptionError) -> AudioChunk {
            AudioChunk(samples: [])
        }

        func chunk(flac: [UInt8]) async throws(TranscriptionError) -> AudioChunk { AudioChunk(samples: []) }
    }

    @Test func `asks the server seldom, and works as soon as there is something to do`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let store = try await temporary.storeByServerClock()
            let jobs = PostgresJobQueueRepository(store)
            let stop = StopSignal()
            let worker = WorkerService(
                WorkerService.Dependencies(
                    jobs: jobs, processings: PostgresProcessingRepository(store),
                    transcripts: PostgresTranscriptRepository(store),
                    cache: TieredCache(store: PostgresCacheStore(store)), reader: Ear(), transcribers: [Ear()]),
                handlers: [Hand()], stop: stop,
                logger: Logger(label: "worker", factory: { _ in SwiftLogNoOpLogHandler() }))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                // Until it listens, and has done what it does first.
                let first = try await jobs.enqueue(JobRequest(Hand().jobType, payload: JSONText(stored: "{}")))
                _ = try await jobs.waitForResult(of: first, within: .seconds(240))
                try await Task.sleep(for: .seconds(2))
                let clock = ContinuousClock()
                var rate = Double.infinity
                var statements: ArraySlice<String> = []
                // On a busy machine a worker is not idle so soon after its start.
                for _ in 0..<6 where rate > 6 {
                    let (start, before) = (clock.now, temporary.statements.all.count)
                    try await Task.sleep(for: .seconds(8))
                    statements = temporary.statements.all[before...]
                    // And one every four seconds on the connection that listens.
                    rate = Double(statements.count) / start.duration(to: clock.now).inSeconds + 0.25
                }
                #expect(rate <= 6, "\(statements.map { $0.prefix(300) })")
                stop.raise()
                try await group.waitForAll()
            }
            await store.close()
        }
    }
}
