internal import GRDB
internal import MillraceCore

/// Settles leased jobs; the rules are those of `Job.settle`, in SQL.
enum JobSettle {
    private struct Line: Encodable {
        let id: String
        let token: Int64
        let outcome: String
        var at: Int64?
        var error: String?
        var result: String?
        var awaits: String?

        init(_ settlement: JobSettlement) {
            id = settlement.jobID.sql
            token = settlement.token.value
            switch settlement.outcome {
            case .completed(let value):
                outcome = "completed"
                result = value?.text
            case .retry(let time, let message):
                outcome = "retry"
                at = time.microseconds
                error = message
            case .failed(let message):
                outcome = "failed"
                error = message
            case .snoozed(let time, let reason):
                outcome = "wait"
                at = time.microseconds
                error = reason
            case .awaiting(let transcript, let time):
                outcome = "await"
                at = time.microseconds
                awaits = transcript.sql
            case .released:
                outcome = "wait"
            case .cancelled:
                outcome = "cancelled"
            }
        }
    }

    /// Ends leases in the caller's transaction.
    ///
    /// - Returns: the jobs whose lease was lost.
    static func settle(_ settlements: [JobSettlement], in db: Database, at now: Timestamp) throws -> Set<JobID> {
        let settled = try db.rows(
            """
            WITH line AS (
                SELECT value ->> 'id' AS id, value ->> 'token' AS token, value ->> 'outcome' AS outcome,
                       value ->> 'at' AS at, value ->> 'error' AS error, value ->> 'result' AS result,
                       value ->> 'awaits' AS awaited
                FROM json_each(:settlements)
            ),
            decided AS (
                SELECT line.*,
                       CASE
                           WHEN outcome = 'completed' THEN 'COMPLETED'
                           WHEN outcome = 'cancelled' THEN 'CANCELLED'
                           WHEN outcome = 'failed' OR outcome = 'retry' AND job.retry_count >= job.max_retries
                               THEN 'FAILED'
                           WHEN outcome = 'await' AND NOT EXISTS (
                               SELECT 1 FROM transcripts WHERE id = awaited AND status = 'PROCESSING'
                           ) THEN 'QUEUED'
                           WHEN line.at > :now THEN 'SCHEDULED'
                           ELSE 'QUEUED'
                       END AS new_status
                FROM line JOIN processing_jobs job ON job.id = line.id AND job.lease_token = line.token
            )
            UPDATE processing_jobs
            SET status = decided.new_status,
                retry_count = retry_count + (outcome = 'retry' AND new_status <> 'FAILED'),
                lease_token = lease_token + 1,
                worker_id = NULL,
                scheduled_at = CASE new_status WHEN 'SCHEDULED' THEN decided.at END,
                completed_at = CASE WHEN new_status IN ('COMPLETED', 'FAILED', 'CANCELLED') THEN :now END,
                updated_at = :now,
                error_message = CASE outcome
                    WHEN 'completed' THEN NULL
                    WHEN 'wait' THEN coalesce(decided.error, error_message)
                    WHEN 'cancelled' THEN error_message
                    ELSE decided.error
                END,
                result = CASE outcome WHEN 'completed' THEN decided.result ELSE processing_jobs.result END,
                awaits = coalesce(decided.awaited, awaits)
            FROM decided
            WHERE processing_jobs.id = decided.id AND lease_token = decided.token AND status = 'PROCESSING'
            RETURNING id
            """,
            ["settlements": json(settlements.map(Line.init)), "now": now.microseconds]
        ) { try $0.id(JobID.self) }
        return Set(settlements.map(\.jobID)).subtracting(settled)
    }
}
