/// Aggregate root of one named queue and its jobs. Row in `job_queues`.
///
/// A loaded queue holds its settings, the counts of all jobs and the oldest 1,000 open jobs, never more. Changes made
/// here are written by ``Repository/save(_:)``, each guarded by the lease token that the job had when it was loaded.
public struct JobQueue: AggregateRoot {
    /// How many open jobs a loaded queue holds at the most.
    public static let loadLimit = 1_000

    /// Identity.
    public let id: QueueID
    /// The name that jobs carry in `queue_name`.
    public let name: QueueName
    /// What the queue gives to jobs that say nothing else.
    public var settings: QueueSettings
    /// The counts of all jobs of the queue when it was loaded.
    public let stats: JobStats
    /// The loaded jobs and those added since, in the order of their making.
    public private(set) var jobs: [Job]
    /// What is to be written, in the order of the changes.
    public private(set) var changes: [Change] = []

    /// A job that was added or changed since the queue was made or loaded.
    public enum Change: Sendable, Hashable {
        /// The job is new.
        case added(JobID)
        /// The job was changed; the token is the one it was loaded with.
        case changed(JobID, loadedWith: LeaseToken)

        /// The job that the change is about.
        public var jobID: JobID {
            switch self {
            case .added(let id), .changed(let id, _): id
            }
        }
    }

    /// Makes a new queue with no jobs.
    public init(id: QueueID, name: QueueName, settings: QueueSettings = QueueSettings()) {
        self.init(id: id, name: name, settings: settings, stats: JobStats(counts: [:], oldestQueuedAge: nil), jobs: [])
    }

    /// Rebuilds a queue from what a store holds.
    public init(id: QueueID, name: QueueName, settings: QueueSettings, stats: JobStats, jobs: [Job]) {
        self.id = id
        self.name = name
        self.settings = settings
        self.stats = stats
        self.jobs = jobs
    }

    /// The loaded jobs that may be claimed at `now`: the most urgent first, the oldest first among equals.
    public func pendingJobs(at now: Timestamp) -> [Job] {
        jobs.filter { $0.isClaimable(at: now) }
            .sorted { ($1.priority, $0.createdAt, $0.id) < ($0.priority, $1.createdAt, $1.id) }
    }

    /// A loaded job; `nil` when it is not among ``jobs``.
    public func job(_ id: JobID) -> Job? {
        jobs.first { $0.id == id }
    }

    /// Adds a job, which waits in this queue whatever the request says.
    @discardableResult
    public mutating func add(_ request: JobRequest, id: JobID, at now: Timestamp) -> Job {
        var request = request
        request.queueName = name
        request.maxRetries = request.maxRetries ?? settings.maxRetries
        let job = Job(request, id: id, at: now)
        jobs.append(job)
        changes.append(.added(id))
        return job
    }

    /// Calls a job off.
    ///
    /// - Throws: `notFound`, or `illegalMove` when the job has ended.
    public mutating func cancel(_ id: JobID, at now: Timestamp) throws(StoreError) {
        try move(id, to: .cancelled, at: now)
    }

    /// Queues a failed or cancelled job again, with its retries and crashes counted from 0.
    ///
    /// - Throws: `notFound`, or `illegalMove` when the job neither failed nor was cancelled.
    public mutating func retry(_ id: JobID, at now: Timestamp) throws(StoreError) {
        if let status = job(id)?.status, status.isOpen {
            throw .illegalMove(from: status, to: .queued)
        }
        try move(id, to: .queued, at: now)
    }

    private mutating func move(_ id: JobID, to status: JobStatus, at now: Timestamp) throws(StoreError) {
        guard let index = jobs.firstIndex(where: { $0.id == id }) else {
            throw StoreError(.notFound, "job \(id) is not among the loaded jobs of queue \(name)")
        }
        let loadedToken = jobs[index].leaseToken
        try jobs[index].move(to: status, at: now)
        if !changes.contains(where: { $0.jobID == id }) {
            changes.append(.changed(id, loadedWith: loadedToken))
        }
    }
}
