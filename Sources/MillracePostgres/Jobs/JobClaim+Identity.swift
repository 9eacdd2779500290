internal import MillraceCore

/// Claims of given jobs, each found by its primary key: no index of queued jobs is read, and nothing dead in one passed over.
extension JobClaim {
    func claim(
        _ ids: [JobID], from scope: JobScope, by worker: WorkerID, in store: PostgresStore
    ) async throws(StoreError) -> Outcome {
        let (isLeaseHeld, rows) = try await rows(
            of: identitySQL, parameters(ids, from: scope, by: worker, in: store), in: store)
        // RETURNING promises no order.
        return Outcome(isLeaseHeld: isLeaseHeld, jobs: rows.sorted { $0.number < $1.number }.map(\.job))
    }

    func parameters(
        _ ids: [JobID], from scope: JobScope, by worker: WorkerID, in store: PostgresStore
    ) -> [PostgresParameter] {
        // Of a job that is named twice it would be anybody's guess in which place it is given.
        var seen: Set<JobID> = []
        let ids = ids.filter { seen.insert($0).inserted }
        return common(ids.count, scope, worker, store) + [
            .ids(ids), .texts(scope.queues.map(\.name)), .texts(scope.types.map(\.name)),
            .texts(scope.engines.map(\.description)), scope.transcripts.map { PostgresParameter.ids($0) } ?? .null,
        ]
    }

    /// A job that another transaction has locked is left out: who locks it claims it, or ends it.
    static func identityStatement(schema: String) -> String {
        """
        WITH lease AS MATERIALIZED (
            \(lease(schema))
        ),
        taken AS MATERIALIZED (
            SELECT wanted.number, job.place
            FROM lease
            CROSS JOIN unnest($7::uuid[]) WITH ORDINALITY AS wanted (id, number)
            CROSS JOIN LATERAL (
                SELECT ctid AS place FROM \(schema).processing_jobs
                WHERE id = wanted.id
                  AND (status = 'QUEUED' OR status = 'SCHEDULED' AND scheduled_at <= coalesce($1, now()))
                  AND queue_name = ANY ($8::text[]) AND job_type = ANY ($9::text[])
                  AND (engine IS NULL OR engine = ANY ($10::text[]))
                  AND ($11::uuid[] IS NULL OR transcript_id = ANY ($11)) AND \(condition)
                FOR UPDATE SKIP LOCKED
            ) job
            WHERE lease.holds
            LIMIT $3::bigint
        ),
        claimed AS (
            \(update(schema))
        )
        SELECT lease.holds, claimed.* FROM lease LEFT JOIN claimed ON true
        """
    }
}
