public import Logging
public import MillraceCore
public import MillracePrometheus
public import MillraceRedis
public import MillraceSpeech
public import MillraceWorkers

/// Transcribes recordings and runs jobs over one store.
///
/// Several of these, in one process or in many, may share a store: they share its work.
public struct Millrace: Sendable {
    /// The store's location.
    public let location: StoreLocation
    /// The queues, jobs and workers.
    public let jobs: any JobQueueRepository
    /// The processings and their chunks.
    public let processings: any ProcessingRepository
    /// The transcripts.
    public let transcripts: any TranscriptRepository
    /// The cache.
    public let cache: any CacheRepository
    /// What was measured.
    public let metrics: any MetricsRepository

    let factory: RepositoryFactory
    let logger: Logger

    /// Opens a store, and makes it when it does not exist.
    ///
    /// Without a location it is the user's own: `MILLRACE_STORE`, else a file in the data folder. ``close()`` it when it
    /// is no longer needed. `redis` says where the tier of the cache is that processes share, `prometheus` where what is
    /// measured goes, if not into the store.
    ///
    /// - Throws: `StoreError` when the store cannot be opened, or Redis refuses the user or the password.
    public init(
        store: StoreLocation? = nil, redis: RedisConfiguration? = nil, prometheus: PrometheusEndpoint? = nil,
        logger: Logger = Logger(label: "millrace")
    ) async throws(StoreError) {
        let location = if let store { store } else { try StoreLocation.standard() }
        let factory = try await RepositoryFactory(
            store: location, redis: redis, prometheus: prometheus, logger: logger
        ) {
            logger.warning("Another program has locked the store; waiting for it", metadata: ["store": "\(location)"])
        } onWarning: { warning in
            // One of few sentences, which never change.
            logger.warning(.init(stringLiteral: warning.message), metadata: ["reason": "\(warning.reason)"])
        }
        self.init(factory, logger: logger)
    }

    /// Uses the repositories of a factory.
    public init(_ factory: RepositoryFactory, logger: Logger = Logger(label: "millrace")) {
        self.factory = factory
        location = factory.location
        jobs = factory.jobQueueRepository()
        processings = factory.processingRepository()
        transcripts = factory.transcriptRepository()
        cache = factory.cacheRepository()
        metrics = factory.metricsRepository()
        self.logger = logger
    }

    /// Opens a store, does something with it, and closes it on every way out.
    ///
    /// - Throws: as ``init(store:redis:prometheus:logger:)``, and what `body` throws.
    public static func with<Value>(
        store: StoreLocation? = nil, redis: RedisConfiguration? = nil, prometheus: PrometheusEndpoint? = nil,
        logger: Logger = Logger(label: "millrace"), _ body: (Millrace) async throws -> Value
    ) async throws -> Value {
        let millrace = try await Millrace(store: store, redis: redis, prometheus: prometheus, logger: logger)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(millrace))
        } catch {
            result = .failure(error)
        }
        await millrace.close()
        return try result.get()
    }

    /// Lets go of the store: waits for what is being done with it, and refuses all else from then on.
    ///
    /// A store in a file needs it as little as one that is used until the process ends.
    public func close() async { await factory.close() }

    /// Makes a worker that takes from the store what it can: jobs by their handlers, chunks by their engines.
    ///
    /// A worker that has an engine runs the jobs of type `JobType.transcribe` that need it as well.
    ///
    /// Raising `stop` has the effect of a graceful shutdown. `onEvent` is called with what the worker does.
    public func worker(
        transcribers: [any Transcriber] = [], handlers: [any JobHandler] = [],
        configuration: WorkerConfiguration = WorkerConfiguration(), stop: StopSignal = StopSignal(),
        onEvent: (@Sendable (WorkerEvent) -> Void)? = nil
    ) -> WorkerService {
        worker(
            reader: FileRecordingReader(decodedFolder: factory.decodedFolder), transcribers: transcribers,
            handlers: transcribers.isEmpty
                ? handlers : handlers + [TranscribeHandler(millrace: self, transcribers: transcribers)],
            configuration: configuration, stop: stop, onEvent: onEvent)
    }

    /// Makes a service that looks after the cache in a process that runs no worker; a worker does it along the way.
    public func cacheService() -> CacheService {
        CacheService(cache, logger: logger)
    }

    /// Turns a recording into a transcript, and returns when that is done.
    ///
    /// The same recording with the same settings is taken up where an earlier run ended, and two runs at once share
    /// the work. When the task is cancelled, what was done is kept.
    ///
    /// - Throws: `TranscriptionError` when the recording cannot be read, or the engine is missing or cannot do what the
    ///   options ask for, all before anything is stored; `engineUnavailable` when the engine is gone on the way, and the
    ///   run can be taken up; `StoreError`; `CancellationError`.
    public func transcribe(
        _ input: RecordingInput, with transcriber: any Transcriber = PocketSphinxTranscriber(),
        options: TranscriptionOptions = TranscriptionOptions()
    ) async throws -> Transcript {
        let run = try await prepare(input, with: transcriber, options: options)
        guard let transcript = try await run.finish() else { throw CancellationError() }
        return transcript
    }

    /// Checks recording and engine, plans the run, and stores the plan or joins the one that is there.
    ///
    /// - Throws: as ``transcribe(_:with:options:)``.
    public func prepare(
        _ input: RecordingInput, with transcriber: any Transcriber = PocketSphinxTranscriber(),
        options: TranscriptionOptions = TranscriptionOptions()
    ) async throws -> TranscriptionRun {
        try await transcriber.check()
        try options.check(for: transcriber)
        let (processor, source) = try await enlist(input, engine: transcriber.identity, options: options, for: nil)
        return TranscriptionRun(
            processor: processor, processings: processings, transcripts: transcripts, planner: planner
        ) { stop, onEvent in
            worker(
                reader: KnownPlaceReader(
                    base: FileRecordingReader(decodedFolder: factory.decodedFolder), known: source),
                transcribers: [transcriber], handlers: [],
                configuration: WorkerConfiguration(
                    concurrency: options.concurrency, queues: [processor.queueName],
                    processings: [processor.id: processor.transcriptID], leavesUnreadableToOthers: false,
                    waitsForEngines: false, pollInterval: .milliseconds(100)),
                stop: stop, onEvent: onEvent)
        }
    }

    /// Reads the recording, and stores the plan or joins the one that is there; the recording as it is found here comes
    /// along. Sound that is to be uploaded is stored when this returns.
    func enlist(
        _ input: RecordingInput, engine: EngineIdentity, options: TranscriptionOptions, for job: Job?
    ) async throws -> (ParallelProcessor, RecordingSource) {
        await planner.removeOrphans(keeping: try await inUse(planner.decodedRecordings()))
        let survey = try await planner.survey(input, settings: options.chunking, range: options.range)
        let recipe = options.recipe(for: engine)
        let enlistment = Enlistment(processings: processings, clock: SystemWallClock())
        let processor = try await enlistment.enlist(survey, recipe: recipe, options: options, for: job)
        if options.uploadsAudio {
            let reader = FileRecordingReader(decodedFolder: factory.decodedFolder)
            try await ChunkUpload(processings: processings, reader: reader).run(processor.id, source: survey.source)
        }
        return (processor, survey.source)
    }

    /// Deletes a transcript and everything that was made for it, the decoded recording included if no other run needs
    /// it.
    ///
    /// - Throws: `StoreError` `notFound`; `conflict` when it is still being made and `force` is not given.
    public func deleteTranscript(_ id: TranscriptID, force: Bool = false) async throws(StoreError) {
        guard let transcript = try await transcripts.load(id) else {
            throw StoreError(.notFound, "there is no transcript \(id)")
        }
        try await transcripts.delete(id, force: force)
        try await removeDecoded(transcript.hash)
    }

    /// Looks at the beginning of a recording, to see whether it can be read here; a URL is not asked.
    ///
    /// - Throws: `TranscriptionError` that says what is wrong.
    public func check(_ input: RecordingInput) async throws(TranscriptionError) {
        try await planner.check(input)
    }

    /// Removes what was decoded of a recording, unless a run may still need it.
    func removeDecoded(_ hash: ContentHash) async throws(StoreError) {
        if try await !transcripts.isInUse(hash: hash) { await planner.removeDecoded(hash: hash) }
    }

    private var planner: RecordingPlanner { RecordingPlanner(decodedFolder: factory.decodedFolder) }

    /// Those of the decoded recordings that a run may still need.
    private func inUse(_ decoded: [ContentHash]) async throws(StoreError) -> Set<ContentHash> {
        var hashes: Set<ContentHash> = []
        for hash in decoded where try await transcripts.isInUse(hash: hash) { hashes.insert(hash) }
        return hashes
    }

    private func worker(
        reader: any RecordingReader, transcribers: [any Transcriber], handlers: [any JobHandler],
        configuration: WorkerConfiguration, stop: StopSignal, onEvent: (@Sendable (WorkerEvent) -> Void)?
    ) -> WorkerService {
        WorkerService(
            WorkerService.Dependencies(
                jobs: jobs, processings: processings, transcripts: transcripts, cache: cache, reader: reader,
                transcribers: transcribers),
            configuration: configuration, handlers: handlers, stop: stop, onEvent: onEvent, logger: logger)
    }
}
