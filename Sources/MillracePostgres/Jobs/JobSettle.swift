internal import Foundation
internal import MillraceCore

/// Settles leased jobs; the rules are those of `Job.settle`, in SQL.
struct JobSettle: Sendable {
    private struct Line {
        let id: JobID
        let token: Int64
        let outcome: String
        var at: Timestamp?
        var error: String?
        var result: String?
        var awaits: TranscriptID?

        init(_ settlement: JobSettlement) {
            id = settlement.jobID
            token = settlement.token.value
            switch settlement.outcome {
            case .completed(let value):
                outcome = "completed"
                result = value?.text
            case .retry(let time, let message):
                outcome = "retry"
                at = time
                error = message
            case .failed(let message):
                outcome = "failed"
                error = message
            case .snoozed(let time, let reason):
                outcome = "wait"
                at = time
                error = reason
            case .awaiting(let transcript, let time):
                outcome = "await"
                at = time
                awaits = transcript
            case .released:
                outcome = "wait"
            case .cancelled:
                outcome = "cancelled"
            }
        }
    }

    /// What became of a batch.
    struct Outcome: Sendable {
        /// The jobs whose lease was lost.
        var lost: Set<JobID>
        /// The jobs that are queued again.
        var requeued: [RequeuedJob] = []
    }

    /// Rows may move while they are waited for; then they are looked up again.
    private static let tries = 10

    let sql: String
    private let formerSQL: String
    /// By which workers say when a job is to run again, in a store that has no clock of its own.
    private let hostClock: any WallClock

    init(schema: String, hostClock: any WallClock = SystemWallClock()) {
        self.hostClock = hostClock
        sql = Self.statement(schema: schema)
        formerSQL = Self.formerStatement(schema: schema)
    }

    /// Ends leases, in the caller's transaction if it has one.
    ///
    /// What may have been done before, without an answer, is not lost if it was.
    func settle(
        _ settlements: [JobSettlement], at now: Timestamp?, again: Set<JobID> = [], in connection: PostgresConnection
    ) async throws -> Outcome {
        let lines = settlements.map(Line.init)
        var outcome = Outcome(lost: Set(settlements.map(\.jobID)))
        var open = lines
        for _ in 0..<Self.tries where !open.isEmpty {
            var moved: Set<JobID> = []
            for (id, requeued) in try await connection.rows(sql, settling(open, now), Self.read) {
                guard let status = requeued.status else {
                    moved.insert(id)
                    continue
                }
                outcome.lost.remove(id)
                if status == .queued, let job = requeued.job { outcome.requeued.append(job) }
            }
            open = open.filter { moved.contains($0.id) }
        }
        let former = lines.filter { outcome.lost.contains($0.id) && again.contains($0.id) }
        if !former.isEmpty {
            outcome.lost.subtract(try await connection.rows(formerSQL, parameters(former, now)) { try $0.id() })
        }
        return outcome
    }

    func parameters(_ settlements: [JobSettlement], at now: Timestamp?) -> [PostgresParameter] {
        settling(settlements.map(Line.init), now)
    }

    private func settling(_ lines: [Line], _ now: Timestamp?) -> [PostgresParameter] {
        parameters(lines, now) + [.time(now ?? hostClock.now())]
    }

    private func parameters(_ lines: [Line], _ now: Timestamp?) -> [PostgresParameter] {
        [
            .time(now), .ids(lines.map(\.id)), .int8s(lines.map(\.token)), .texts(lines.map(\.outcome)),
            .times(lines.map(\.at)), .texts(lines.map(\.error)), .jsons(lines.map(\.result)),
            .uuids(lines.map { $0.awaits?.uuid }),
        ]
    }

    private static func read(_ row: inout RowReader) throws -> (JobID, (status: JobStatus?, job: RequeuedJob?)) {
        let id = try row.id(JobID.self)
        guard let text = try row.optional(String.self) else { return (id, (nil, nil)) }
        guard let status = JobStatus(rawValue: text) else { throw InvalidValue("status", "has no such value") }
        return (id, (status, status == .queued ? try RequeuedJob.read(&row) : nil))
    }

    private static let lines = """
        unnest($2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[], $7::jsonb[], $8::uuid[])
                AS line (id, token, outcome, at, error, result, awaited)
        """

    /// Rows are locked in the order of their identities, so that two settlements never wait for each other.
    ///
    /// Whether a job is held is asked in a form that no index knows: a plan that reads all held jobs would be kept for
    /// when there are many. A transcript that is about to end is waited for; one that ends later finds the job waiting.
    /// Transcripts come before jobs, as for who deletes one with its jobs: so the jobs ask for them by counting.
    ///
    /// Times are of the clock that `$9` is the present time of. The server's may differ by minutes, so what counts is how
    /// far off they are.
    private static func statement(schema: String) -> String {
        """
        WITH running AS MATERIALIZED (
            SELECT id FROM \(schema).transcripts
            WHERE id = ANY ($8::uuid[]) AND status = 'PROCESSING'
            ORDER BY id FOR SHARE
        ),
        line AS MATERIALIZED (
            SELECT * FROM \(lines)
            WHERE (SELECT count(*) FROM running) >= 0
            ORDER BY id
        ),
        held AS MATERIALIZED (
            SELECT line.*, job.place, job.is_last_run
            FROM line CROSS JOIN LATERAL (
                SELECT ctid AS place, retry_count >= max_retries AS is_last_run
                FROM \(schema).processing_jobs
                WHERE id = line.id AND lease_token = line.token AND num_nulls(worker_id) = 0
                FOR UPDATE
            ) job
        ),
        decided AS (
            SELECT held.*,
                   CASE
                       WHEN outcome = 'completed' THEN 'COMPLETED'
                       WHEN outcome = 'cancelled' THEN 'CANCELLED'
                       WHEN outcome = 'failed' OR outcome = 'retry' AND is_last_run THEN 'FAILED'
                       WHEN outcome = 'await' AND awaited NOT IN (SELECT id FROM running) THEN 'QUEUED'
                       WHEN at > $9::timestamptz THEN 'SCHEDULED'
                       ELSE 'QUEUED'
                   END AS new_status
            FROM held
        ),
        settled AS (
            UPDATE \(schema).processing_jobs job
            SET status = new_status,
                retry_count = retry_count + (outcome = 'retry' AND new_status <> 'FAILED')::integer,
                lease_token = lease_token + 1,
                worker_id = NULL,
                scheduled_at = CASE new_status
                    WHEN 'SCHEDULED' THEN decided.at + (coalesce($1::timestamptz, clock_timestamp()) - $9)
                END,
                completed_at = CASE
                    WHEN new_status IN ('COMPLETED', 'FAILED', 'CANCELLED') THEN coalesce($1, now())
                END,
                updated_at = coalesce($1, now()),
                error_message = CASE outcome
                    WHEN 'completed' THEN NULL
                    WHEN 'wait' THEN coalesce(decided.error, error_message)
                    WHEN 'cancelled' THEN error_message
                    ELSE decided.error
                END,
                result = CASE outcome WHEN 'completed' THEN decided.result ELSE job.result END,
                awaits = coalesce(decided.awaited, awaits)
            FROM decided WHERE job.ctid = decided.place
            RETURNING job.id, status, \(RequeuedJob.columns)
        )
        SELECT held.id, settled.status, queue_name, job_type, engine, priority, created_at
        FROM held LEFT JOIN settled ON settled.id = held.id
        """
    }

    /// The jobs that this same settlement has ended before: nobody else had the token.
    private static func formerStatement(schema: String) -> String {
        """
        SELECT job.id
        FROM \(lines)
        JOIN \(schema).processing_jobs job ON job.id = line.id AND job.lease_token = line.token + 1
        WHERE job.updated_at <= coalesce($1::timestamptz, now())
          AND CASE outcome
              WHEN 'completed' THEN job.status = 'COMPLETED'
              WHEN 'cancelled' THEN job.status = 'CANCELLED'
              WHEN 'failed' THEN job.status = 'FAILED' AND job.error_message = line.error
              WHEN 'retry' THEN job.error_message = line.error
              WHEN 'await' THEN job.awaits = line.awaited
              ELSE job.status IN ('QUEUED', 'SCHEDULED')
          END
        """
    }
}
