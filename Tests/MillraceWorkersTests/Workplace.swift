import Logging
import MillraceCaching
import MillraceCore
import MillraceTesting
import MillraceWorkers

/// A store in memory with a clock that stands still, and the workers of a test on it.
struct Workplace: Sendable {
    /// Sleepers of a worker that has nothing to do: heartbeat, watch, rescue, and of its job loop the looks for work,
    /// for lost leases and for time-outs.
    static let idleSleepers = 6
    /// Of one whose every place is taken: it need not look for work.
    static let busySleepers = 5
    /// Of an idle one that takes chunks too.
    static let idleChunkSleepers = 9

    let clock = ManualClock()
    let log = CallLog()
    let jobs: WatchedJobs
    let processings: WatchedProcessings
    let transcripts: InMemoryTranscriptRepository
    let cache: TieredCache
    let cacheStore: InMemoryCacheStore

    init() {
        let store = InMemoryStore(clock: clock)
        jobs = WatchedJobs(base: InMemoryJobQueueRepository(store), log: log)
        processings = WatchedProcessings(base: InMemoryProcessingRepository(store), log: log)
        transcripts = InMemoryTranscriptRepository(store)
        cacheStore = InMemoryCacheStore(store)
        cache = TieredCache(store: cacheStore, clock: clock)
    }

    func worker(
        _ configuration: WorkerConfiguration = WorkerConfiguration(), handlers: [any JobHandler] = [],
        reader: (any RecordingReader)? = nil, transcribers: [any Transcriber] = [], stop: StopSignal,
        onEvent: (@Sendable (WorkerEvent) -> Void)? = nil, cache: (any CacheRepository)? = nil,
        logger: Logger = Logger(label: "worker", factory: { _ in SwiftLogNoOpLogHandler() })
    ) -> WorkerService {
        WorkerService(
            WorkerService.Dependencies(
                jobs: jobs, processings: processings, transcripts: transcripts, cache: cache ?? self.cache,
                reader: reader, transcribers: transcribers, clock: clock, time: MonotonicTime(clock)),
            configuration: configuration, handlers: handlers, stop: stop, onEvent: onEvent,
            logger: logger)
    }

    /// Runs workers while `body` runs, then stops them and waits until they have returned.
    func run(
        _ workers: [WorkerService], stop: StopSignal, while body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { try await worker.run() } }
            do {
                try await body()
            } catch {
                group.cancelAll()
                throw error
            }
            stop.raise()
            try await group.waitForAll()
        }
    }

    /// Runs one worker that handles jobs.
    func run(
        _ handlers: any JobHandler..., configuration: WorkerConfiguration = WorkerConfiguration(),
        stop: StopSignal = StopSignal(), while body: () async throws -> Void
    ) async throws {
        try await run([worker(configuration, handlers: handlers, stop: stop)], stop: stop, while: body)
    }

    func status(_ id: JobID) async throws -> JobStatus? {
        try await jobs.job(id)?.status
    }

    func stats() async throws -> JobStats {
        try await jobs.jobStats(queueName: .default)
    }
}
