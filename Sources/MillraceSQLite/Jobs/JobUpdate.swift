internal import GRDB
internal import MillraceCore

/// Writes a job that was changed by hand, guarded by the token that it was loaded with.
enum JobUpdate {
    /// Notes the transcript that a held job has begun.
    static func begin(_ transcript: TranscriptID, by job: Job, in db: Database) throws {
        let changed = try db.run(
            "UPDATE processing_jobs SET awaits = ? WHERE id = ? AND lease_token = ? AND status = 'PROCESSING'",
            [transcript.sql, job.id.sql, job.leaseToken.value])
        guard changed == 1 else {
            throw StoreError(.conflict, "job \(job.id) lost its lease and may not begin a run")
        }
    }

    static func update(_ job: Job, loadedWith token: LeaseToken, in db: Database) throws {
        let changed: Int
        do {
            changed = try write(job, loadedWith: token, in: db)
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            throw StoreError(
                .conflict, "another open job has the unique key of job \(job.id); wait for it or cancel it",
                cause: error)
        }
        guard changed == 1 else {
            throw StoreError(.conflict, "job \(job.id) changed in the meantime; load again and retry")
        }
    }

    private static func write(_ job: Job, loadedWith token: LeaseToken, in db: Database) throws -> Int {
        try db.run(
            """
            UPDATE processing_jobs
            SET status = :status, retry_count = :retries, crashes = :crashes, lease_token = :token, worker_id = :worker,
                scheduled_at = :scheduled, started_at = :started, completed_at = :completed, updated_at = :updated,
                error_message = :error, result = :result, awaits = :awaits
            WHERE id = :id AND lease_token = :loaded
            """,
            [
                "id": job.id.sql, "loaded": token.value, "status": job.status.rawValue, "retries": job.retryCount,
                "crashes": job.crashes, "token": job.leaseToken.value, "worker": job.workerID?.sql,
                "scheduled": job.scheduledAt?.microseconds, "started": job.startedAt?.microseconds,
                "completed": job.completedAt?.microseconds, "updated": job.updatedAt.microseconds,
                "error": job.errorMessage, "result": job.result?.text,
                "awaits": job.awaits?.sql,
            ])
    }
}
