internal import MillraceCore

/// Lists jobs, newest first.
struct JobList: Sendable {
    private let everything: String
    private let awaiting: String
    let filtered: String

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
        let parameters = parameters(matching: filter, before: cursor, limit: limit)
        if filter == JobFilter() {
            return try await store.rows(everything, Array(parameters.prefix(2)), isIdempotent: true, JobRow.read)
        }
        if let transcript = filter.awaiting {
            return try await store.rows(awaiting, parameters + [.id(transcript)], isIdempotent: true, JobRow.read)
        }
        return try await store.rows(filtered, parameters, isIdempotent: true, JobRow.read)
    }

    func parameters(matching filter: JobFilter, before cursor: JobID?, limit: Int) -> [PostgresParameter] {
        // Behind every identity.
        let last = JobID("ffffffff-ffff-ffff-ffff-ffffffffffff")
        return [
            .id(cursor ?? last), .int8(Int64(max(0, limit))),
            filter.queues.map { .texts($0.map(\.name)) } ?? .null,
            filter.types.map { .texts($0.map(\.name)) } ?? .null,
            filter.statuses.map { .texts($0.map(\.rawValue)) } ?? .null,
        ]
    }

    private static let wanted = """
        ($3::text[] IS NULL OR queue_name = ANY ($3)) AND ($4::text[] IS NULL OR job_type = ANY ($4))
              AND ($5::text[] IS NULL OR status = ANY ($5))
        """

    /// So many open jobs are read and sorted; of a larger group some are among the newest of all.
    ///
    /// Those that are queued are read from the index of claims alone, those that are scheduled one page each.
    private static let fewOpen = [("QUEUED", 100_000), ("SCHEDULED", 5_000)]

    /// A filter names some of the groups that are counted. The newest of each group of ended jobs are read from its index,
    /// those of a small group of open ones are looked for among all of it, and those of a large one from the newest of all
    /// jobs on. The page is chosen among these.
    ///
    /// `OFFSET 0` keeps the planner from looking for a few jobs of a small group among the newest of all.
    private static func statement(_ schema: String) -> String {
        let group = "queue_name = tally.queue_name AND job_type = tally.job_type"
        let page = "AND id < $1::uuid ORDER BY id DESC LIMIT $2::bigint"
        let isLarge = fewOpen.map { "tally.status = '\($0)' AND tally.jobs > \($1)" }.joined(separator: " OR ")
        func few(_ status: String, _ limit: Int) -> String {
            """
            SELECT job.id FROM tally CROSS JOIN LATERAL (
                    SELECT id FROM (
                        SELECT id FROM \(schema).processing_jobs WHERE status = '\(status)' AND \(group) OFFSET 0
                    ) few
                    WHERE id < $1::uuid ORDER BY id DESC LIMIT $2::bigint
                ) job
                WHERE tally.status = '\(status)' AND tally.jobs <= \(limit)
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
                \(fewOpen.map(few).joined(separator: "\n                UNION ALL\n                "))
                UNION ALL
                (
                    SELECT id FROM \(schema).processing_jobs job
                    WHERE EXISTS (SELECT 1 FROM tally WHERE \(isLarge))
                      AND (status, queue_name, job_type) IN (
                            SELECT tally.status, tally.queue_name, tally.job_type FROM tally WHERE \(isLarge)
                        )
                      \(page)
                )
            ),
            page AS MATERIALIZED (SELECT id FROM newest ORDER BY id DESC LIMIT $2)
            SELECT \(JobRow.columns) FROM page JOIN \(schema).processing_jobs USING (id) ORDER BY id DESC
            """
    }
}
