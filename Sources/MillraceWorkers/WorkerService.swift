public import Logging
public import MillraceCore
public import ServiceLifecycle

/// Takes work from a store and runs it: jobs by their handlers, chunks by their transcribers, merges by itself.
///
/// One worker is one row of `workers` with one heartbeat. When its lease runs out, everything it runs is stopped and it
/// starts again under a new identity. A graceful shutdown gives back what is running and ends the lease.
public struct WorkerService: Service {
    /// What a worker needs from the rest of the system.
    public struct Dependencies: Sendable {
        /// The jobs.
        public var jobs: any JobQueueRepository
        /// The processings.
        public var processings: any ProcessingRepository
        /// The transcripts.
        public var transcripts: any TranscriptRepository
        /// The cache of chunk results.
        public var cache: any CacheRepository
        /// Where the sound of chunks comes from; `nil` for a worker that takes no chunks.
        public var reader: (any RecordingReader)?
        /// The engines that this worker has.
        public var transcribers: [any Transcriber]
        /// The time of day.
        public var clock: any WallClock
        /// The time by which leases and waits are measured.
        public var time: MonotonicTime

        /// Gathers what a worker needs.
        public init(
            jobs: any JobQueueRepository, processings: any ProcessingRepository,
            transcripts: any TranscriptRepository, cache: any CacheRepository, reader: (any RecordingReader)? = nil,
            transcribers: [any Transcriber] = [], clock: any WallClock = SystemWallClock(),
            time: MonotonicTime = MonotonicTime(ContinuousClock())
        ) {
            self.jobs = jobs
            self.processings = processings
            self.transcripts = transcripts
            self.cache = cache
            self.reader = reader
            self.transcribers = transcribers
            self.clock = clock
            self.time = time
        }
    }

    private let dependencies: Dependencies
    private let configuration: WorkerConfiguration
    private let executors: [JobType: any JobExecutor]
    private let stop: StopSignal
    private let onEvent: (@Sendable (WorkerEvent) -> Void)?
    private let logger: Logger

    /// Makes a worker that does nothing until ``run()``.
    ///
    /// Raising `stop` has the effect of a graceful shutdown.
    public init(
        _ dependencies: Dependencies, configuration: WorkerConfiguration = WorkerConfiguration(),
        handlers: [any JobHandler] = [], stop: StopSignal = StopSignal(),
        onEvent: (@Sendable (WorkerEvent) -> Void)? = nil, logger: Logger
    ) {
        self.dependencies = dependencies
        self.configuration = configuration
        self.stop = stop
        self.onEvent = onEvent
        self.logger = logger
        var executors: [JobType: any JobExecutor] = [:]
        // Of two handlers for one type the later one runs; a merge is never anybody else's.
        for handler in handlers { executors[handler.jobType] = Self.executor(for: handler) }
        executors[.merge] = MergeExecutor(
            processings: dependencies.processings, transcripts: dependencies.transcripts, clock: dependencies.clock)
        self.executors = executors
    }

    private static func executor(for handler: some JobHandler) -> any JobExecutor {
        HandlerExecutor(handler: handler)
    }

    /// Works until a graceful shutdown, until the stop signal is raised, or until its task is cancelled; then gives back
    /// what is running.
    ///
    /// Throws `StoreError` when the store cannot be reached at the start, and `CancellationError` after a cancellation.
    public func run() async throws {
        // A task of its own, because giving work back takes a store, and that refuses a task that is cancelled.
        let working = Task { try await work() }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await working.value
            } onGracefulShutdown: {
                stop.raise()
            }
        } onCancel: {
            stop.raise()
        }
        try Task.checkCancellation()
    }

    private func work() async throws {
        var isFirst = true
        while !stop.isRaised {
            do {
                try await session()
            } catch is LeaseKeeper.LeaseLost {
                // Everything is stopped; others may hold it by now. Come back as somebody new.
            } catch let error as StoreError where error.isRetryable && !isFirst {
                logger.warning("The store does not answer", metadata: ["error": "\(error)"])
                try await dependencies.time.sleep(for: .seconds(1))
            }
            isFirst = false
        }
    }

    /// Works under one identity until the stop signal is raised or the lease is lost.
    private func session() async throws {
        let worker = WorkerID.make(at: dependencies.clock.now())
        var logger = logger
        logger[metadataKey: "millrace-worker-id"] = "\(worker)"
        let jobs = dependencies.jobs
        let lease = configuration.lease
        let keeper = LeaseKeeper(
            worker: worker, jobs: jobs, settings: lease, askedAt: dependencies.time.now(), time: dependencies.time,
            logger: logger)
        try await jobs.register(worker, process: HostProcess.current(), leasedFor: lease.duration)
        let jobBell = Doorbell()
        let chunkBell = Doorbell()
        let rescuer = Rescuer(
            worker: worker, jobs: jobs, processings: dependencies.processings, settings: lease,
            maxCrashes: configuration.maxCrashes, time: dependencies.time,
            onRescue: {
                jobBell.ring()
                chunkBell.ring()
            }, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await keeper.watch() }
            group.addTask { try await keeper.beat() }
            group.addTask { try await rescuer.run() }
            group.addTask { [logger] in
                try await runLoops(as: worker, jobBell: jobBell, chunkBell: chunkBell, logger: logger)
            }
            // The work ends first, by the stop signal; the others only by losing the lease.
            try await group.next()
            group.cancelAll()
        }
        do throws(StoreError) {
            try await jobs.retire(worker)
        } catch {
            // Nothing is held any more; the lease ends by itself.
            logger.debug("Retiring failed", metadata: ["error": "\(error)"])
        }
    }

    private func runLoops(as worker: WorkerID, jobBell: Doorbell, chunkBell: Doorbell, logger: Logger) async throws {
        let chunks = chunkSource(worker, jobBell: jobBell, logger: logger)
        let shared = SharedByLoops(count: chunks == nil ? 1 : 2) { [onEvent] deaf in
            if deaf > 0 { onEvent?(.stoppedExcept(deaf)) }
        }
        let jobLoop = loop(jobSource(worker, logger: logger), shared, doorbell: jobBell, logger: logger)
        let chunkLoop = chunks.map { loop($0, shared, doorbell: chunkBell, logger: logger) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await jobLoop.run() }
            if let chunkLoop { group.addTask { try await chunkLoop.run() } }
            try await group.waitForAll()
        }
    }

    private func loop<Source: WorkSource>(
        _ source: Source, _ shared: SharedByLoops, doorbell: Doorbell, logger: Logger
    ) -> WorkLoop<Source> {
        WorkLoop(
            source: source, concurrency: configuration.concurrency, pollInterval: configuration.pollInterval,
            grace: configuration.grace, takesSuspects: configuration.maxCrashes > 0, occupancy: shared.occupancy,
            time: dependencies.time, stop: stop, doorbell: doorbell, onEnd: { shared.end(deaf: $0) }, logger: logger)
    }

    private func jobSource(_ worker: WorkerID, logger: Logger) -> JobSource {
        let own = configuration.processings
        return JobSource(
            worker: worker, jobs: dependencies.jobs,
            scope: JobScope(
                queues: configuration.queues, types: own == nil ? Array(executors.keys) : [.merge],
                transcripts: own.map { Array($0.values) }, maxCrashes: configuration.maxCrashes),
            executors: executors, retryPolicy: configuration.retryPolicy, clock: dependencies.clock, logger: logger)
    }

    private func chunkSource(_ worker: WorkerID, jobBell: Doorbell, logger: Logger) -> ChunkSource? {
        guard let reader = dependencies.reader, !dependencies.transcribers.isEmpty else { return nil }
        let transcribers = Dictionary(
            dependencies.transcribers.map { ($0.identity, $0) }, uniquingKeysWith: { $1 })
        return ChunkSource(
            worker: worker, processings: dependencies.processings,
            scope: ChunkScope(
                engines: Array(transcribers.keys), processings: configuration.processings.map { Array($0.keys) },
                maxCrashes: configuration.maxCrashes),
            executor: ChunkExecutor(
                reader: reader, transcribers: transcribers, cache: dependencies.cache,
                timeToLive: configuration.resultTTL),
            unreachable: UnreachableRecordings(
                leavesToOthers: configuration.leavesUnreadableToOthers, time: dependencies.time),
            retryPolicy: configuration.retryPolicy, clock: dependencies.clock, onMerge: { jobBell.ring() },
            onEvent: onEvent, logger: logger)
    }
}
