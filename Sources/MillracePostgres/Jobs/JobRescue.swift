internal import MillraceCore

/// Takes back what workers without a lease hold.
struct JobRescue: Sendable {
    let sql: String

    init(schema: String) {
        sql = Self.statement(schema: schema)
    }

    /// Takes them back; a thorough rescue also looks for jobs whose worker nobody knows any more, and reads all held ones.
    func rescue(
        maxCrashes: Int, isThorough: Bool, in store: PostgresStore
    ) async throws(StoreError) -> (ids: [JobID], requeued: [RequeuedJob]) {
        let rows = try await store.rows(sql, parameters(maxCrashes: maxCrashes, isThorough: isThorough, in: store)) {
            (try $0.id(JobID.self), try RequeuedJob.read(&$0))
        }
        return (rows.map(\.0), rows.map(\.1))
    }

    func parameters(maxCrashes: Int, isThorough: Bool, in store: PostgresStore) -> [PostgresParameter] {
        [
            store.now, .int4(Int32(clamping: maxCrashes)),
            .text(Job.poisonMessage(crashes: 0).replacing("0", with: "#")), .bool(isThorough),
        ]
    }

    /// Begins with the few workers whose lease has ended: the index of held jobs has a dead entry for each job that any
    /// worker ever held, until they are cleared away.
    private static func statement(schema: String) -> String {
        """
        WITH gone AS MATERIALIZED (
            SELECT id FROM \(schema).workers WHERE lease_until <= coalesce($1::timestamptz, now())
            UNION
            SELECT worker_id FROM \(schema).processing_jobs job
            WHERE $4::boolean AND worker_id IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM \(schema).workers WHERE id = job.worker_id)
        ),
        held AS MATERIALIZED (
            SELECT job.place, $2::integer > 0 AND job.crashes >= $2 AS is_given_up
            FROM gone CROSS JOIN LATERAL (
                SELECT ctid AS place, crashes FROM \(schema).processing_jobs
                WHERE worker_id = gone.id
                ORDER BY id FOR UPDATE SKIP LOCKED
            ) job
        )
        UPDATE \(schema).processing_jobs
        SET status = CASE WHEN is_given_up THEN 'FAILED' ELSE 'QUEUED' END,
            worker_id = NULL, lease_token = lease_token + 1, crashes = processing_jobs.crashes + 1,
            updated_at = coalesce($1, now()),
            completed_at = CASE WHEN is_given_up THEN coalesce($1, now()) END,
            error_message = CASE
                WHEN is_given_up THEN replace($3::text, '#', (processing_jobs.crashes + 1)::text)
                ELSE error_message
            END
        FROM held WHERE processing_jobs.ctid = held.place
        RETURNING id, \(RequeuedJob.columns)
        """
    }
}
