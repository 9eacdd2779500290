internal import CoreMetrics
internal import MillraceCore

/// What a worker measures, by handles that are made once.
struct WorkerMetrics: Sendable {
    let factory: any MetricsFactory
    let rescues: RescueMetrics
    private let types: [JobType: JobMetrics]
    private let engines: [String: OutcomeCounters]
    private let lostLeases: Counter

    /// Makes the handles of a worker that runs these types of jobs and has these engines; `nil` when nobody measures.
    init?(types: some Sequence<JobType>, engines: some Sequence<EngineIdentity>) {
        guard let factory = Self.factory else { return nil }
        self.factory = factory
        self.types = Dictionary(uniqueKeysWithValues: types.map { ($0, JobMetrics(of: $0, in: factory)) })
        self.engines = Dictionary(
            Set(engines.map(\.kind)).map { kind in
                (kind, OutcomeCounters(MillraceMetrics.chunkOutcomes, of: kind, WorkOutcome.ofChunks, in: factory))
            }
        ) { first, _ in first }
        rescues = RescueMetrics(in: factory)
        lostLeases = Counter(label: MillraceMetrics.lostWorkerLeases.name, factory: factory)
    }

    /// Where handles are made now; `nil` when nobody measures.
    static var factory: (any MetricsFactory)? {
        let factory = MetricsSystem.factory
        return factory is NOOPMetricsHandler ? nil : factory
    }

    /// What is measured of jobs of a type; `nil` for one that this worker cannot run.
    subscript(type: JobType) -> JobMetrics? { types[type] }

    /// What counts the outcome of a chunk; `nil` for one that needs an engine that this worker does not have.
    func tally(of chunk: ClaimedChunk) -> Tally? {
        engines[chunk.recipe.engine.kind].map {
            Tally(counters: $0, isLastTry: chunk.task.retryCount >= chunk.task.maxRetries)
        }
    }

    /// Counts that the worker lost its lease.
    func countLostLease() {
        lostLeases.increment()
    }
}

/// What is measured of the jobs of one type.
final class JobMetrics: Sendable {
    private let outcomes: OutcomeCounters
    private let wait: Timer
    private let run: Timer

    init(of type: JobType, in factory: any MetricsFactory) {
        func timer(_ metric: MeasuredMetric) -> Timer {
            Timer(label: metric.name, dimensions: metric.dimensions(type.name), factory: factory)
        }
        outcomes = OutcomeCounters(MillraceMetrics.jobOutcomes, of: type.name, WorkOutcome.ofJobs, in: factory)
        wait = timer(MillraceMetrics.jobWait)
        run = timer(MillraceMetrics.jobRun)
    }

    /// Measures how long a job has waited, if this is its first run: one that was claimed does not say when it was due, so
    /// that of a later run is not known since when it waited again.
    func begin(_ job: Job) {
        guard let startedAt = job.startedAt, job.leaseToken == LeaseToken.initial.next else { return }
        wait.recordNanoseconds(max(.zero, startedAt - job.createdAt).wholeNanoseconds)
    }

    /// Measures how long a run took.
    func end(after duration: Duration) {
        run.recordNanoseconds(duration.wholeNanoseconds)
    }

    /// What counts the outcome of a job.
    func tally(of job: Job) -> Tally {
        Tally(counters: outcomes, isLastTry: job.retryCount >= job.maxRetries)
    }

    /// Counts a job that its handler has settled.
    func countSettled(_ job: Job?) {
        outcomes.count(WorkOutcome(ofSettled: job))
    }
}

/// What is measured of the work of dead workers.
struct RescueMetrics: Sendable {
    private let jobs: Counter
    private let chunks: Counter
    private let processings: Counter

    init(in factory: any MetricsFactory) {
        func counter(of kind: String) -> Counter {
            let metric = MillraceMetrics.rescues
            return Counter(label: metric.name, dimensions: metric.dimensions(kind), factory: factory)
        }
        jobs = counter(of: "job")
        chunks = counter(of: "chunk")
        processings = Counter(label: MillraceMetrics.mendedProcessings.name, factory: factory)
    }

    func count(jobs: Int, chunks: Int, processings: Int) {
        if jobs > 0 { self.jobs.increment(by: jobs) }
        if chunks > 0 { self.chunks.increment(by: chunks) }
        if processings > 0 { self.processings.increment(by: processings) }
    }
}
