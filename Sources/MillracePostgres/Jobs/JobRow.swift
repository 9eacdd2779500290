internal import MillraceCore
internal import Synchronization

/// How a job is read from its row.
enum JobRow {
    static let columns = """
        id, queue_name, transcript_id, job_type, payload, priority, status, retry_count, max_retries, crashes, \
        lease_token, worker_id, unique_key, created_at, scheduled_at, started_at, completed_at, updated_at, \
        error_message, result, awaits, engine, timeout_us, trace_context
        """

    static func read(_ row: inout RowReader) throws -> Job {
        let id = try row.id(JobID.self)
        let queueName = QueueName(stored: try row.value())
        let transcriptID = try row.optionalID(TranscriptID.self)
        let type = JobType(stored: try row.value())
        let payload = JSONText(stored: try row.value())
        let priority = try row.choice(JobPriority.self)
        let status = try row.choice(JobStatus.self)
        let retryCount = try row.value(Int.self)
        let maxRetries = try row.value(Int.self)
        let crashes = try row.value(Int.self)
        let token = try row.token()
        let workerID = try row.optionalID(WorkerID.self)
        let uniqueKey = try row.optional(String.self)
        let createdAt = try row.time()
        let state = Job.State(
            status: status, retryCount: retryCount, crashes: crashes, leaseToken: token, workerID: workerID,
            scheduledAt: try row.optionalTime(), startedAt: try row.optionalTime(),
            completedAt: try row.optionalTime(), updatedAt: try row.time(),
            errorMessage: try row.optional(), result: try row.optional(String.self).map(JSONText.init(stored:)),
            awaits: try row.optionalID())
        let engine = try row.optional(String.self).map(self.engine)
        let request = JobRequest(
            type, payload: payload, queueName: queueName, priority: priority, maxRetries: maxRetries,
            uniqueKey: uniqueKey, transcriptID: transcriptID, engine: engine,
            timeout: try row.optional(Int64.self).map { .microseconds($0) },
            traceContext: try row.headers())
        return Job(request, id: id, createdAt: createdAt, state: state)
    }

    /// The engines that were read last: to make one of its text takes longer than to read the whole row.
    private static let engines = Mutex<[String: EngineIdentity]>([:])
    private static let engineLimit = 256

    private static func engine(_ text: String) throws -> EngineIdentity {
        if let engine = engines.withLock({ $0[text] }) { return engine }
        guard let engine = EngineIdentity(description: text) else { throw InvalidValue("engine", "names none") }
        engines.withLock { engines in
            if engines.count >= engineLimit { engines = [:] }
            engines[text] = engine
        }
        return engine
    }
}
