internal import MillraceCore

/// Writes a job that was changed by hand, guarded by the token that it was loaded with.
struct JobUpdate: Sendable {
    private let sql: String

    init(schema: String) {
        sql = """
            UPDATE \(schema).processing_jobs
            SET status = $3::text, retry_count = $4::bigint, crashes = $5::integer, lease_token = $6::bigint,
                worker_id = $7::uuid, scheduled_at = $8::timestamptz, started_at = $9::timestamptz,
                completed_at = $10::timestamptz, updated_at = $11::timestamptz, error_message = $12::text,
                result = $13::jsonb, awaits = $14::uuid
            WHERE id = $1::uuid AND lease_token = $2::bigint
            """
    }

    func update(_ job: Job, loadedWith token: LeaseToken, in connection: PostgresConnection) async throws {
        do {
            let changed = try await connection.execute(
                sql,
                [
                    .id(job.id), .int8(token.value), .text(job.status.rawValue), .int8(Int64(job.retryCount)),
                    .int4(Int32(clamping: job.crashes)), .int8(job.leaseToken.value), .id(job.workerID),
                    .time(job.scheduledAt), .time(job.startedAt), .time(job.completedAt), .time(job.updatedAt),
                    .text(job.errorMessage), .json(job.result?.text), .id(job.awaits),
                ])
            guard changed == 1 else {
                throw StoreError(.conflict, "job \(job.id) changed in the meantime; load again and retry")
            }
        } catch let error as PostgresError where error.sqlState == .uniqueViolation {
            throw StoreError(
                .conflict, "another open job has the unique key of job \(job.id); wait for it or cancel it",
                cause: error)
        }
    }
}
