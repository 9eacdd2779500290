internal import MillraceCore

/// Lists jobs, newest first.
struct JobList: Sendable {
    private let everything: String
    private let awaiting: String
    private let filtered: String

    init(schema: String) {
        everything = """
            SELECT \(JobRow.columns) FROM \(schema).processing_jobs WHERE id < $1::uuid ORDER BY id DESC LIMIT $2::bigint
            """
        awaiting = """
            SELECT \(JobRow.columns) FROM \(schema).processing_jobs
            WHERE awaits = $6::uuid AND \(Self.wanted) AND id < $1::uuid
            ORDER BY id DESC LIMIT $2::bigint
            """
        filtered = Self.statement(schema)
    }

    func jobs(
        matching filter: JobFilter, before cursor: JobID?, limit: Int, in store: PostgresStore
    ) async throws(StoreError) -> [Job] {
        // Behind every identity.
        let last = JobID("ffffffff-ffff-ffff-ffff-ffffffffffff")
        let page: [PostgresParameter] = [.id(cursor ?? last), .int8(Int64(max(0, limit)))]
        if filter == JobFilter() {
            return try await store.rows(everything, page, isIdempotent: true, JobRow.read)
        }
        let wanted: [PostgresParameter] = [
            filter.queues.map { .texts($0.map(\.name)) } ?? .null,
            filter.types.map { .texts($0.map(\.name)) } ?? .null,
            filter.statuses.map { .texts($0.map(\.rawValue)) } ?? .null,
        ]
        if let transcript = filter.awaiting {
            return try await store.rows(
                awaiting, page + wanted + [.id(transcript)], isIdempotent: true, JobRow.read)
        }
        return try await store.rows(filtered, page + wanted, isIdempotent: true, JobRow.read)
    }

    private static let wanted = """
        ($3::text[] IS NULL OR queue_name = ANY ($3)) AND ($4::text[] IS NULL OR job_type = ANY ($4))
              AND ($5::text[] IS NULL OR status = ANY ($5))
        """

    /// So many open jobs are read and sorted; of a larger group some are among the newest of all.
    private static let fewOpen = 5_000

    /// A filter names some of the groups that are counted. The newest of each group of ended jobs are read from its index,
    /// those of a small group of open ones are looked for among all of it, and those of a large one from the newest of all
    /// jobs on. The page is chosen among these.
    ///
    /// `OFFSET 0` keeps the planner from looking for a few jobs of a small group among the newest of all.
    private static func statement(_ schema: String) -> String {
        let group = "queue_name = tally.queue_name AND job_type = tally.job_type"
        let page = "AND id < $1::uuid ORDER BY id DESC LIMIT $2::bigint"
        func few(_ status: String) -> String {
            """
            SELECT job.id FROM tally CROSS JOIN LATERAL (
                    SELECT id FROM (
                        SELECT id FROM \(schema).processing_jobs WHERE status = '\(status)' AND \(group) OFFSET 0
                    ) few
                    WHERE id < $1::uuid ORDER BY id DESC LIMIT $2::bigint
                ) job
                WHERE tally.status = '\(status)' AND tally.jobs <= \(fewOpen)
            """
        }
        return """
            WITH tally AS MATERIALIZED (
                SELECT queue_name, status, job_type, sum(jobs) AS jobs
                FROM (
                    SELECT queue_name, status, job_type, jobs FROM \(schema).job_counts
                    UNION ALL
                    SELECT queue_name, status, job_type, jobs FROM \(schema).job_count_changes
                ) count
                WHERE \(wanted)
                GROUP BY queue_name, status, job_type HAVING sum(jobs) > 0
            ),
            newest AS MATERIALIZED (
                SELECT job.id FROM tally CROSS JOIN LATERAL (
                    SELECT id FROM \(schema).processing_jobs
                    WHERE completed_at IS NOT NULL AND status = tally.status AND \(group) \(page)
                ) job
                WHERE tally.status IN ('COMPLETED', 'FAILED', 'CANCELLED')
                UNION ALL
                (
                    SELECT id FROM (
                        SELECT id FROM \(schema).processing_jobs
                        WHERE EXISTS (SELECT 1 FROM tally WHERE tally.status = 'PROCESSING')
                          AND worker_id IS NOT NULL AND \(wanted)
                        OFFSET 0
                    ) few
                    WHERE id < $1::uuid ORDER BY id DESC LIMIT $2::bigint
                )
                UNION ALL
                \(few("QUEUED"))
                UNION ALL
                \(few("SCHEDULED"))
                UNION ALL
                (
                    SELECT id FROM \(schema).processing_jobs job
                    WHERE EXISTS (
                            SELECT 1 FROM tally WHERE tally.status IN ('QUEUED', 'SCHEDULED') AND tally.jobs > \(fewOpen)
                        )
                      AND (status, queue_name, job_type) IN (
                            SELECT tally.status, tally.queue_name, tally.job_type FROM tally
                            WHERE tally.status IN ('QUEUED', 'SCHEDULED') AND tally.jobs > \(fewOpen)
                        )
                      \(page)
                )
            ),
            page AS MATERIALIZED (SELECT id FROM newest ORDER BY id DESC LIMIT $2)
            SELECT \(JobRow.columns) FROM page JOIN \(schema).processing_jobs USING (id) ORDER BY id DESC
            """
    }
}
