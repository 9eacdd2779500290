internal import MillraceCore

/// Reads jobs.
struct JobRead: Sendable {
    /// One job by its identity.
    let one: String
    /// The open jobs of a queue, the oldest first.
    let open: String
    /// The jobs of a queue that may be claimed.
    let pending: String
    /// The jobs that a worker holds, from the index of held jobs.
    let leases: String
    /// Of given jobs those that a worker holds.
    let leasesOfKnown: String
    private let locked: String

    init(schema: String) {
        one = "SELECT \(JobRow.columns) FROM \(schema).processing_jobs WHERE id = $1::uuid"
        locked = """
            SELECT coalesce($2::timestamptz, now()), \(JobRow.columns) FROM \(schema).processing_jobs
            WHERE id = $1::uuid FOR UPDATE
            """
        open = Self.openStatement(schema)
        pending = Self.pendingStatement(schema)
        leases = """
            SELECT id, lease_token FROM \(schema).processing_jobs WHERE worker_id = $1::uuid
            """
        // Not by the worker: its index has an entry for all that it ever held.
        leasesOfKnown = """
            SELECT job.id, job.lease_token FROM unnest($2::uuid[]) AS known (id)
            JOIN \(schema).processing_jobs job ON job.id = known.id
            WHERE job.worker_id IS NOT DISTINCT FROM $1::uuid
            """
    }

    /// One job, which nobody else changes before the caller's transaction ends, and the time of that.
    func lockedJob(
        _ id: JobID, at now: PostgresParameter, in connection: PostgresConnection
    ) async throws -> (job: Job, now: Timestamp)? {
        let found = try await connection.rows(locked, [.id(id), now]) { row in
            let now = try row.time()
            return (try JobRow.read(&row), now)
        }
        return found.first.map { (job: $0.0, now: $0.1) }
    }

    /// The first queued job of each group of a queue, found one by one, each by the place of the last.
    static func queuedGroups(_ schema: String, ofQueue queue: String?, if condition: String? = nil) -> String {
        let group = "queue_name, job_type, coalesce(engine, ''), priority"
        let row = """
            SELECT queue_name, job_type, coalesce(engine, '') AS engine, priority, created_at
                    FROM \(schema).processing_jobs
                    WHERE status = 'QUEUED'\(queue.map { " AND queue_name = \($0)" } ?? "")
            """
        return """
            (
                    \(row)\(condition.map { " AND \($0)" } ?? "")
                    ORDER BY \(group), created_at LIMIT 1
                )
                UNION ALL
                SELECT next.* FROM queued CROSS JOIN LATERAL (
                    \(row)
                      AND (\(group)) > (queued.queue_name, queued.job_type, queued.engine, queued.priority)
                    ORDER BY \(group), created_at LIMIT 1
                ) next
            """
    }

    private static let inGroup = """
        status = 'QUEUED' AND queue_name = queued.queue_name AND job_type = queued.job_type
                  AND coalesce(engine, '') = queued.engine AND priority = queued.priority
        """

    private static func pendingStatement(_ schema: String) -> String {
        """
        WITH RECURSIVE queued AS (
            \(queuedGroups(schema, ofQueue: "$1::text"))
        ),
        first AS (
            SELECT job.* FROM queued CROSS JOIN LATERAL (
                SELECT \(JobRow.columns) FROM \(schema).processing_jobs
                WHERE \(inGroup)
                ORDER BY created_at, id LIMIT $2::bigint
            ) job
            UNION ALL
            (
                SELECT \(JobRow.columns) FROM \(schema).processing_jobs
                WHERE status = 'SCHEDULED' AND queue_name = $1
                  AND scheduled_at <= coalesce($3::timestamptz, now())
                ORDER BY priority DESC, created_at, id LIMIT $2
            )
        )
        SELECT * FROM first ORDER BY priority DESC, created_at, id LIMIT $2
        """
    }

    private static func openStatement(_ schema: String) -> String {
        """
        WITH RECURSIVE queued AS (
            \(queuedGroups(schema, ofQueue: "$1::text"))
        ),
        oldest AS (
            SELECT job.* FROM queued CROSS JOIN LATERAL (
                SELECT \(JobRow.columns) FROM \(schema).processing_jobs
                WHERE \(inGroup)
                ORDER BY created_at, id LIMIT $2::bigint
            ) job
            UNION ALL
            (
                SELECT \(JobRow.columns) FROM \(schema).processing_jobs
                WHERE status = 'SCHEDULED' AND queue_name = $1
                ORDER BY created_at, id LIMIT $2
            )
            UNION ALL
            SELECT \(JobRow.columns) FROM \(schema).processing_jobs
            WHERE worker_id IS NOT NULL AND queue_name = $1
        )
        SELECT * FROM oldest ORDER BY created_at, id LIMIT $2
        """
    }
}
