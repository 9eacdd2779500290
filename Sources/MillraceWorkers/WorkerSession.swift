internal import Logging
internal import MillraceCore

/// What a worker does under one lease: beats, rescues, and works.
struct WorkerSession: Sendable {
    private let service: WorkerService
    private let crew: Crew
    private let left: WorkerLeftovers
    private let worker: WorkerID
    private let jobBell = WorkBell()
    private let chunkBell = WorkBell()
    private let listener: WorkListener?
    private let logger: Logger

    private var dependencies: WorkerService.Dependencies { service.dependencies }
    private var configuration: WorkerConfiguration { service.configuration }

    /// Gives a worker a new identity; `left` is what its earlier sessions could not settle.
    init(service: WorkerService, crew: Crew, left: WorkerLeftovers) {
        self.service = service
        self.crew = crew
        self.left = left
        worker = WorkerID.make(at: service.dependencies.clock.now())
        var logger = service.logger
        logger[metadataKey: "millrace-worker-id"] = "\(worker)"
        self.logger = logger
        listener = service.dependencies.jobs.announcements.map { [jobBell, chunkBell] in
            WorkListener($0, jobBell: jobBell, chunkBell: chunkBell, logger: logger)
        }
    }

    /// Works until the stop signal is raised, or the lease is lost.
    func run() async throws {
        let jobs = dependencies.jobs
        let lease = configuration.lease
        let keeper = LeaseKeeper(
            worker: worker, jobs: jobs, settings: lease, askedAt: dependencies.time.now(), time: dependencies.time,
            trouble: service.trouble, logger: logger)
        try await jobs.register(worker, process: HostProcess.current(), leasedFor: lease.duration)
        service.trouble.end()
        // Before anybody, this worker included, looks for the work of those without a lease.
        await settleLeftovers()
        let rescuer = Rescuer(
            worker: worker, jobs: jobs, processings: dependencies.processings, settings: lease,
            maxCrashes: configuration.maxCrashes, time: dependencies.time,
            onRescue: { [jobBell, chunkBell] in
                jobBell.announceWork()
                chunkBell.announceWork()
            }, trouble: service.trouble, metrics: service.metrics?.rescues, logger: logger)
        // By the host's clock, whatever the leases go by: nothing here waits for the cache.
        let cacheKeeper = CacheKeeper(
            cache: dependencies.cache, time: MonotonicTime(ContinuousClock()), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await cacheKeeper.run() }
            group.addTask { try await keeper.watch() }
            group.addTask { try await keeper.beat() }
            group.addTask { try await rescuer.run() }
            group.addTask { try await keepUp() }
            if let metrics = service.metrics {
                let queues = QueueWatch(jobs, of: configuration.queues, in: metrics.factory, logger: logger)
                group.addTask { try await queues.run() }
            }
            if let listener { group.addTask { try await listener.run() } }
            group.addTask { try await service.engines.watch() }
            group.addTask { try await runLoops() }
            // The work ends first, by the stop signal; the others only by losing the lease.
            try await group.next()
            group.cancelAll()
        }
        await cacheKeeper.pass()
        do throws(StoreError) {
            try await jobs.retire(worker)
        } catch {
            // Nothing is held any more; the lease ends by itself.
            logger.debug("Retiring failed", metadata: ["error": "\(error)"])
        }
    }

    /// Calls for the upkeep of the queue, which is done when it is due, beside the claims. By the host's clock, whatever
    /// the leases go by: nothing depends on it.
    private func keepUp() async throws {
        while true {
            await dependencies.jobs.upkeep()
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Best effort: it may all be lost.
    private func settleLeftovers() async {
        let (jobs, chunks) = (left.jobs.takeAll(), left.chunks.takeAll())
        do throws(StoreError) {
            if !jobs.isEmpty { try await jobSource().settle(jobs) }
            if !chunks.isEmpty { try await chunkSource()?.settle(chunks) }
        } catch {
            logger.debug("Outcomes from before the lease was lost are lost", metadata: ["error": "\(error)"])
        }
    }

    private func runLoops() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let jobLoop = loop(jobSource(), bell: jobBell, left: left.jobs)
            group.addTask { try await jobLoop.run() }
            if let chunks = chunkSource() {
                let chunkLoop = loop(chunks, bell: chunkBell, left: left.chunks)
                group.addTask { try await chunkLoop.run() }
            }
            try await group.waitForAll()
        }
    }

    private func loop<Source: WorkSource>(
        _ source: Source, bell: WorkBell, left: Leftovers<Source.Settlement>
    ) -> WorkLoop<Source> {
        WorkLoop(
            source: source, concurrency: configuration.concurrency, pollInterval: configuration.pollInterval,
            listener: listener,
            grace: configuration.grace, takesSuspects: configuration.maxCrashes > 0, crew: crew,
            time: dependencies.time, stop: service.stop, bell: bell, leftovers: left,
            trouble: service.trouble, logger: logger)
    }

    private func jobSource() -> JobSource {
        let own = configuration.processings
        return JobSource(
            worker: worker, jobs: dependencies.jobs,
            scope: JobScope(
                queues: configuration.queues, types: own == nil ? Array(service.executors.keys) : [.merge],
                transcripts: own.map { Array($0.values) },
                engines: dependencies.transcribers.map(\.identity), maxCrashes: configuration.maxCrashes),
            executors: service.executors, engines: service.engines, unreachable: Unreachable(time: dependencies.time),
            retryPolicy: configuration.retryPolicy, clock: dependencies.clock, time: dependencies.time,
            metrics: service.metrics, logger: logger)
    }

    private func chunkSource() -> ChunkSource? {
        guard let reader = dependencies.reader, !dependencies.transcribers.isEmpty else { return nil }
        let unreachable = Unreachable<ProcessingID>(
            leavesToOthers: configuration.leavesUnreadableToOthers, time: dependencies.time)
        return ChunkSource(
            worker: worker, processings: dependencies.processings,
            scope: ChunkScope(
                engines: dependencies.transcribers.map(\.identity),
                processings: configuration.processings.map { Array($0.keys) },
                maxCrashes: configuration.maxCrashes),
            executor: ChunkExecutor(
                reader: reader, processings: dependencies.processings, unreachable: unreachable,
                engines: service.engines, cache: dependencies.cache, timeToLive: configuration.resultTTL),
            unreachable: unreachable,
            retryPolicy: configuration.retryPolicy, clock: dependencies.clock,
            onMerge: { [jobBell] in jobBell.announceWork() }, onEvent: service.onEvent,
            metrics: service.metrics, logger: logger)
    }
}
