internal import GRDB
public import MillraceCore

extension SQLiteProcessingRepository {
    /// Ends a processing in one transaction, guarded by the lease of its merge.
    public func finish(_ outcome: MergeOutcome) async throws(StoreError) -> Bool {
        guard let status = outcome.transcript.status.processingStatus else {
            throw StoreError(.invalid, "a merge must give its transcript a final status")
        }
        let clock = store.clock
        return try await store.write { db in
            let now = clock.now()
            let open = try db.rows(
                """
                SELECT task.transcript_id FROM processing_tasks task
                JOIN processing_jobs job ON job.id = :job AND job.lease_token = :token AND job.status = 'PROCESSING'
                WHERE task.id = :id AND task.round = :round AND task.status = 'MERGING'
                """,
                [
                    "job": outcome.job.id.sql, "token": outcome.job.leaseToken.value,
                    "id": outcome.merge.processingID.sql, "round": outcome.merge.round,
                ]
            ) { try $0.id(TranscriptID.self) }
            guard let transcript = open.first else { return false }
            guard transcript == outcome.transcript.id else {
                throw StoreError(.invalid, "the transcript is not the one of the merged processing")
            }
            _ = try JobSettle.settle([JobSettlement(outcome.job, .completed(result: nil))], in: db, at: now)
            try TranscriptWrite.upsert(outcome.transcript, in: db, at: now)
            try db.run(
                """
                UPDATE processing_tasks
                SET status = :status, completed_at = :now, updated_at = :now, version = version + 1
                WHERE id = :id
                """,
                ["id": outcome.merge.processingID.sql, "status": status.rawValue, "now": now.microseconds])
            return true
        }
    }

    /// Mends the counters of open processings and what hangs on them.
    public func sweep() async throws(StoreError) -> [ProcessingID] {
        // Counting may take long; only what is wrong is worth keeping the writers waiting.
        let isSound = try await store.read { db in
            try wrong(in: db).isEmpty && unmerged(in: db).isEmpty && deadMerges(in: db).isEmpty
        }
        if isSound { return [] }
        return try await store.write { [store] db in
            let now = store.clock.now()
            let recounted = try recount(in: db, at: now)
            let unmerged = try unmerged(in: db)
            if !unmerged.isEmpty { try MergeInsert(store: store).insert(unmerged, in: db, at: now) }
            let failed = try failDeadMerges(in: db, at: now)
            return Set(recounted + unmerged.map(\.id) + failed).sorted()
        }
    }

    /// The processings whose counters or status are not what their chunks say.
    private func wrong(in db: Database) throws -> [ProcessingID] {
        try db.rows("\(Self.truth) SELECT task.id \(Self.untrue)", []) { try $0.id(ProcessingID.self) }
    }

    private static let truth = """
        WITH truth AS MATERIALIZED (
            SELECT task.id,
                   coalesce(sum(chunk.status = 'COMPLETED'), 0) AS completed,
                   coalesce(sum(chunk.status = 'FAILED'), 0) AS failed
            FROM processing_tasks task JOIN chunk_tasks chunk ON chunk.processing_id = task.id
            WHERE task.status IN ('PENDING', 'PROCESSING', 'MERGING')
            GROUP BY task.id
        )
        """
    private static let untrue = """
        FROM truth JOIN processing_tasks task ON task.id = truth.id
        WHERE completed_chunks <> truth.completed OR failed_chunks <> truth.failed
           OR status <> 'MERGING' AND truth.completed + truth.failed = total_chunks
        """

    private func recount(in db: Database, at now: Timestamp) throws -> [ProcessingID] {
        try db.rows(
            """
            \(Self.truth)
            UPDATE processing_tasks
            SET completed_chunks = truth.completed,
                failed_chunks = truth.failed,
                status = CASE WHEN truth.completed + truth.failed = total_chunks THEN 'MERGING' ELSE status END,
                version = version + 1,
                updated_at = :now
            FROM truth
            WHERE processing_tasks.id = truth.id AND truth.id IN (SELECT task.id \(Self.untrue))
            RETURNING processing_tasks.id
            """, ["now": now.microseconds]
        ) { try $0.id(ProcessingID.self) }
    }

    /// Processings that wait for a merge that nobody queued.
    private func unmerged(in db: Database) throws -> [ParallelProcessor.Row] {
        try db.rows(
            """
            SELECT \(ProcessingRow.columns) FROM processing_tasks task
            WHERE status = 'MERGING' AND NOT EXISTS (
                SELECT 1 FROM processing_jobs job
                WHERE job.transcript_id = task.transcript_id AND job.job_type = 'merge'
                  AND job.unique_key = 'merge:' || task.id || ':' || task.round
            )
            """, [], ProcessingRow.read)
    }

    /// Processings whose merge has ended without a transcript, and why.
    private func deadMerges(in db: Database) throws -> [(id: ProcessingID, reason: String)] {
        try db.rows(
            """
            SELECT task.id,
                   coalesce(job.error_message, 'the merge is ' || job.status || ' and wrote no transcript')
            FROM processing_tasks task
            JOIN processing_jobs job
              ON job.transcript_id = task.transcript_id AND job.job_type = 'merge'
             AND job.unique_key = 'merge:' || task.id || ':' || task.round
            WHERE task.status = 'MERGING' AND job.status IN ('COMPLETED', 'FAILED', 'CANCELLED')
            """, []
        ) { (try $0.id(ProcessingID.self), try $0.value(String.self)) }
    }

    private func failDeadMerges(in db: Database, at now: Timestamp) throws -> [ProcessingID] {
        let dead = try deadMerges(in: db)
        for (id, reason) in dead {
            try db.run(
                """
                UPDATE processing_tasks
                SET status = 'FAILED', completed_at = :now, updated_at = :now, version = version + 1,
                    error_message = :reason
                WHERE id = :id
                """, ["id": id.sql, "now": now.microseconds, "reason": reason])
            try db.run(
                """
                UPDATE transcripts SET status = 'FAILED', completed_at = :now, updated_at = :now
                WHERE id = (SELECT transcript_id FROM processing_tasks WHERE id = :id)
                """, ["id": id.sql, "now": now.microseconds])
        }
        return dead.map(\.id)
    }
}
