internal import GRDB
internal import MillraceCore

/// Inserts jobs; used by everything that enqueues, the merge of a processing included.
enum JobInsert {
    /// What one new job is, as `json_each` hands it to the statement.
    private struct Line: Encodable {
        let id: String
        let queue: String
        let transcript: String?
        let type: String
        let payload: String
        let priority: Int
        let status: String
        let maxRetries: Int
        let uniqueKey: String?
        let scheduledAt: Int64?
        let completedAt: Int64?
        let engine: String?
        let timeout: Int64?
        let trace: String?

        init(_ job: Job) throws {
            id = job.id.sql
            queue = job.queueName.name
            transcript = job.transcriptID?.sql
            type = job.type.name
            payload = job.payload.text
            priority = job.priority.rawValue
            status = job.status.rawValue
            maxRetries = job.maxRetries
            uniqueKey = job.uniqueKey
            scheduledAt = job.scheduledAt?.microseconds
            completedAt = job.completedAt?.microseconds
            engine = job.engine?.description
            timeout = job.timeout?.wholeMicroseconds
            trace = try job.traceContext.map { try json($0) }
        }
    }

    /// Inserts new jobs in one statement; one whose unique key an open job has is left out.
    ///
    /// - Returns: the identities of those inserted.
    static func insert(_ jobs: [Job], in db: Database, at now: Timestamp) throws -> Set<JobID> {
        let inserted = try db.rows(
            """
            INSERT INTO processing_jobs (
                id, queue_name, transcript_id, job_type, payload, priority, status, max_retries, unique_key,
                created_at, scheduled_at, completed_at, updated_at, engine, timeout_us, trace_context
            )
            SELECT value ->> 'id', value ->> 'queue', value ->> 'transcript', value ->> 'type', value ->> 'payload',
                   value ->> 'priority', value ->> 'status', value ->> 'maxRetries', value ->> 'uniqueKey',
                   :now, value ->> 'scheduledAt', value ->> 'completedAt', :now, value ->> 'engine',
                   value ->> 'timeout', value ->> 'trace'
            FROM json_each(:jobs)
            WHERE true
            ON CONFLICT (unique_key)
                WHERE unique_key IS NOT NULL AND status IN ('QUEUED', 'SCHEDULED', 'PROCESSING')
                DO NOTHING
            RETURNING id
            """,
            ["jobs": json(try jobs.map(Line.init)), "now": now.microseconds]
        ) { try $0.id(JobID.self) }
        return Set(inserted)
    }
}
