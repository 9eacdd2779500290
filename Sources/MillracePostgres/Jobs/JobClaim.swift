internal import MillraceCore

/// Leases jobs to a worker in one statement.
struct JobClaim: Sendable {
    /// What a claim has got.
    struct Outcome: Sendable {
        /// Whether the worker has a lease; without one it gets nothing.
        var isLeaseHeld = false
        /// The jobs, in the order in which they were to be given.
        var jobs: [Job] = []
        /// How far it got in the groups that had queued jobs, by their places.
        var reached: [Int: JobCursors.Position] = [:]
        /// How many of the jobs had waited for their time.
        var due = 0
    }

    let sql: String
    /// Claims given jobs.
    let identitySQL: String
    private let transcriptSQL: String

    init(schema: String) {
        sql = Self.statement(schema: schema)
        identitySQL = Self.identityStatement(schema: schema)
        transcriptSQL = Self.transcriptStatement(schema: schema)
    }

    /// Claims from the groups of a scope, each from its position.
    func claim(
        upTo limit: Int, from scope: JobScope, groups: [JobGroup], _ look: JobCursors.Look, by worker: WorkerID,
        in store: PostgresStore
    ) async throws(StoreError) -> Outcome {
        try await run(sql, parameters(upTo: limit, from: scope, groups: groups, look, by: worker, in: store), in: store)
    }

    func parameters(
        upTo limit: Int, from scope: JobScope, groups: [JobGroup], _ look: JobCursors.Look, by worker: WorkerID,
        in store: PostgresStore
    ) -> [PostgresParameter] {
        common(limit, scope, worker, store) + [
            .texts(groups.map(\.queue.name)), .texts(groups.map(\.type.name)), .texts(groups.map(\.engine)),
            .int2s(groups.map { Int16($0.priority.rawValue) }), .times(look.positions.map(\.time)),
            .uuids(look.positions.map(\.id)), .bool(look.isFromFloor), .bool(look.includesDue),
        ]
    }

    /// Claims from the few jobs of given transcripts.
    func claim(
        upTo limit: Int, from scope: JobScope, of transcripts: [TranscriptID], by worker: WorkerID,
        in store: PostgresStore
    ) async throws(StoreError) -> Outcome {
        try await run(
            transcriptSQL,
            common(limit, scope, worker, store) + [
                .texts(scope.queues.map(\.name)), .texts(scope.types.map(\.name)),
                .texts(scope.engines.map(\.description)), .ids(transcripts),
            ], in: store)
    }

    func common(
        _ limit: Int, _ scope: JobScope, _ worker: WorkerID, _ store: PostgresStore
    ) -> [PostgresParameter] {
        [
            store.now, .id(worker), .int8(Int64(scope.isAlone ? min(1, limit) : limit)),
            .int4(Int32(clamping: scope.maxCrashes)), .bool(scope.isAlone), .ids(scope.unreachable),
        ]
    }

    private func run(
        _ sql: String, _ parameters: [PostgresParameter], in store: PostgresStore
    ) async throws(StoreError) -> Outcome {
        let (isLeaseHeld, rows) = try await rows(of: sql, parameters, in: store)
        var outcome = Outcome(isLeaseHeld: isLeaseHeld)
        for (group, job) in rows {
            if group > 0 {
                let position = JobCursors.Position(time: job.createdAt, id: job.id.uuid)
                outcome.reached[group - 1] = max(outcome.reached[group - 1] ?? .first, position)
            } else {
                outcome.due += 1
            }
        }
        outcome.jobs = Self.inOrder(rows.map(\.job))
        return outcome
    }

    /// Whether the worker has a lease, and what a statement has claimed, each with the number that the statement gave it.
    func rows(
        of sql: String, _ parameters: [PostgresParameter], in store: PostgresStore
    ) async throws(StoreError) -> (isLeaseHeld: Bool, [(number: Int, job: Job)]) {
        let rows = try await store.rows(sql, parameters) { row -> (Bool, (number: Int, job: Job)?) in
            let isLeaseHeld = try row.value(Bool.self)
            guard let number = try row.optional(Int.self) else { return (isLeaseHeld, nil) }
            return (isLeaseHeld, (number, try JobRow.read(&row)))
        }
        return (rows.first?.0 ?? false, rows.compactMap(\.1))
    }

    /// The most urgent first, then the oldest: RETURNING promises no order, though mostly it has this one.
    private static func inOrder(_ jobs: [Job]) -> [Job] {
        func isBefore(_ left: Int, _ right: Int) -> Bool {
            let (left, right) = (
                (jobs[right].priority, jobs[left].createdAt, jobs[left].id),
                (jobs[left].priority, jobs[right].createdAt, jobs[right].id)
            )
            return left < right
        }
        if jobs.indices.dropFirst().allSatisfy({ !isBefore($0, $0 - 1) }) { return jobs }
        // Places rather than jobs, which are large.
        return jobs.indices.sorted(by: isBefore).map { jobs[$0] }
    }

    /// What is asked of a job in all statements: not a suspect unless that is wanted, and possible here.
    static let condition = "($4 = 0 OR (crashes >= $4) = $5) AND id <> ALL ($6::uuid[])"

    static func update(_ schema: String) -> String {
        """
        UPDATE \(schema).processing_jobs
        SET status = 'PROCESSING', worker_id = $2, lease_token = lease_token + 1,
            started_at = coalesce($1, now()), updated_at = coalesce($1, now()), scheduled_at = NULL
        FROM taken WHERE processing_jobs.ctid = taken.place
        RETURNING taken.number, \(JobRow.columns)
        """
    }

    static func lease(_ schema: String) -> String {
        """
        SELECT EXISTS (
            SELECT 1 FROM \(schema).workers WHERE id = $2::uuid AND lease_until > coalesce($1::timestamptz, now())
        ) AS holds
        """
    }

    /// The number of a job is that of its group, and 0 when it had waited for its time.
    ///
    /// First the best are found among all groups, without locks; then each group is asked to lock as many as were found
    /// in it. So no more is locked than is taken, and claims that run at the same time pass over each other's jobs.
    ///
    /// One ordered read for each group: a read over several would sort all that is queued, or pass over what is not
    /// wanted.
    private static func statement(schema: String) -> String {
        let group = """
            queue_name = place.queue_name AND job_type = place.job_type AND coalesce(engine, '') = place.engine
                  AND priority = place.priority AND \(condition)
            """
        let queued = "status = 'QUEUED' AND \(group) AND (created_at, id) > (place.after, place.after_id)"
        let due = "status = 'SCHEDULED' AND \(group) AND scheduled_at <= coalesce($1, now())"
        return """
            WITH lease AS MATERIALIZED (
                \(lease(schema))
            ),
            place AS MATERIALIZED (
                SELECT place.number, place.queue_name, place.job_type, place.engine, place.priority,
                       CASE WHEN $13 THEN coalesce(floor.oldest, '-infinity') ELSE place.after END AS after,
                       CASE WHEN $13 THEN '00000000-0000-0000-0000-000000000000' ELSE place.after_id END AS after_id
                FROM lease
                CROSS JOIN unnest($7::text[], $8::text[], $9::text[], $10::smallint[], $11::timestamptz[], $12::uuid[])
                    WITH ORDINALITY AS place (queue_name, job_type, engine, priority, after, after_id, number)
                LEFT JOIN \(schema).queue_floors floor
                    ON $13::boolean AND floor.queue_name = place.queue_name AND floor.job_type = place.job_type
                    AND floor.engine = place.engine AND floor.priority = place.priority
                WHERE lease.holds
            ),
            best AS (
                SELECT place.number, job.is_due
                FROM place CROSS JOIN LATERAL (
                    (SELECT false AS is_due, created_at, id FROM \(schema).processing_jobs
                     WHERE \(queued)
                     ORDER BY created_at, id LIMIT $3::bigint)
                    UNION ALL
                    (SELECT true, created_at, id FROM \(schema).processing_jobs
                     WHERE $14::boolean AND \(due)
                     ORDER BY scheduled_at LIMIT $3)
                ) job
                ORDER BY place.priority DESC, job.created_at, job.id LIMIT $3
            ),
            wanted AS MATERIALIZED (
                SELECT place.*, best.is_due, best.jobs
                FROM (SELECT number, is_due, count(*) AS jobs FROM best GROUP BY number, is_due) best
                JOIN place USING (number)
            ),
            taken AS MATERIALIZED (
                SELECT place.number, job.place FROM wanted place CROSS JOIN LATERAL (
                    SELECT ctid AS place FROM \(schema).processing_jobs
                    WHERE \(queued)
                    ORDER BY created_at, id LIMIT place.jobs FOR UPDATE SKIP LOCKED
                ) job
                WHERE NOT place.is_due
                UNION ALL
                SELECT 0, job.place FROM wanted place CROSS JOIN LATERAL (
                    SELECT ctid AS place FROM \(schema).processing_jobs
                    WHERE \(due)
                    ORDER BY scheduled_at LIMIT place.jobs FOR UPDATE SKIP LOCKED
                ) job
                WHERE place.is_due
            ),
            claimed AS (
                \(update(schema))
            )
            SELECT lease.holds, claimed.* FROM lease LEFT JOIN claimed ON true
            """
    }

    private static func transcriptStatement(schema: String) -> String {
        """
        WITH lease AS MATERIALIZED (
            \(lease(schema))
        ),
        taken AS MATERIALIZED (
            SELECT 0 AS number, ctid AS place FROM \(schema).processing_jobs
            WHERE (SELECT holds FROM lease) AND transcript_id = ANY ($10::uuid[])
              AND (status = 'QUEUED' OR status = 'SCHEDULED' AND scheduled_at <= coalesce($1, now()))
              AND queue_name = ANY ($7::text[]) AND job_type = ANY ($8::text[])
              AND (engine IS NULL OR engine = ANY ($9::text[])) AND \(condition)
            ORDER BY priority DESC, created_at, id LIMIT $3::bigint FOR UPDATE SKIP LOCKED
        ),
        claimed AS (
            \(update(schema))
        )
        SELECT lease.holds, claimed.* FROM lease LEFT JOIN claimed ON true
        """
    }
}
