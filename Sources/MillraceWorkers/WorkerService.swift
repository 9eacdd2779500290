public import Logging
public import MillraceCore
public import ServiceLifecycle

/// Takes work from a store and runs it: jobs by their handlers, chunks by their transcribers, merges by itself.
///
/// One worker is one row of `workers` with one heartbeat. When its lease runs out, everything it runs is stopped and it
/// starts again under a new identity. A graceful shutdown gives back what is running and ends the lease.
///
/// A job that is told to end and does not is given back for others after ``WorkerConfiguration/grace``. Its task goes on
/// until it ends or the process does; nothing waits for it, a shutdown neither, and what it still settles changes
/// nothing.
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

    let dependencies: Dependencies
    let configuration: WorkerConfiguration
    let executors: [JobType: any JobExecutor]
    let stop: StopSignal
    let onEvent: (@Sendable (WorkerEvent) -> Void)?
    let trouble: StoreTrouble
    let engines: EngineWatch
    let metrics: WorkerMetrics?
    let logger: Logger

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
        trouble = StoreTrouble(logger: logger)
        engines = EngineWatch(
            dependencies.transcribers, isPatient: configuration.waitsForEngines, time: dependencies.time, stop: stop,
            logger: logger)
        self.logger = logger
        var executors: [JobType: any JobExecutor] = [:]
        // Of two handlers for one type the later one runs; a merge is never anybody else's.
        for handler in handlers { executors[handler.jobType] = Self.executor(for: handler) }
        executors[.merge] = MergeExecutor(
            processings: dependencies.processings, transcripts: dependencies.transcripts, clock: dependencies.clock)
        self.executors = executors
        metrics = WorkerMetrics(types: executors.keys, engines: dependencies.transcribers.map(\.identity))
    }

    private static func executor(for handler: some JobHandler) -> any JobExecutor {
        HandlerExecutor(handler: handler)
    }

    /// Works until a graceful shutdown, until the stop signal is raised, or until its task is cancelled; then gives back
    /// what is running.
    ///
    /// Returns at the latest when the time of grace is over and the store has answered, whatever the items do; see
    /// ``WorkerEvent/stoppedExcept(_:)``.
    ///
    /// Throws `StoreError` when the store cannot be reached at the start, and at any time when it must be mended first
    /// (`StoreError.needsMending`); `TranscriptionError` when an engine is gone that is not waited for
    /// (``WorkerConfiguration/waitsForEngines``), with everything given back; `CancellationError` after a cancellation.
    public func run() async throws {
        let crew = Crew()
        // A task of its own: giving work back takes a store, which refuses a task that is cancelled.
        let working = Task { try await work(with: crew) }
        let result = await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await working.result
            } onGracefulShutdown: {
                stop.raise()
            }
        } onCancel: {
            stop.raise()
        }
        let deaf = crew.count
        if deaf > 0 { onEvent?(.stoppedExcept(deaf)) }
        try result.get()
        try Task.checkCancellation()
        if let failure = engines.failure { throw failure }
    }

    private func work(with crew: Crew) async throws {
        var isFirst = true
        let left = WorkerLeftovers()
        while !stop.isRaised {
            do {
                try await WorkerSession(service: self, crew: crew, left: left).run()
            } catch is LeaseKeeper.LeaseLost {
                metrics?.countLostLease()
                // Everything was told to end; others may hold it by now. Come back as somebody new, once it has ended.
                await awaitEnd(of: crew)
            } catch let error as StoreError where error.isRetryable && !isFirst {
                try trouble.note(error, "Registering failed and will be tried again")
                try await dependencies.time.sleep(for: .seconds(1))
            } catch {
                // Everything was told to end, but cannot be given back: its lease ends by itself.
                await awaitEnd(of: crew)
                throw error
            }
            isFirst = false
        }
    }

    /// Waits for what was told to end, no longer than the time of grace.
    private func awaitEnd(of crew: Crew) async {
        await dependencies.time.limit(configuration.grace) { await crew.waitUntilEmpty() }
    }
}
