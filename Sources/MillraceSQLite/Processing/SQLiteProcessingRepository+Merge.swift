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
            try ProcessingSweep.wrong(.open, in: db).isEmpty && ProcessingSweep.unmerged(in: db).isEmpty
                && ProcessingSweep.deadMerges(in: db).isEmpty
        }
        if isSound { return [] }
        return try await store.write { [store] db in
            try ProcessingSweep(store: store).mend(.open, in: db, at: store.clock.now()).sorted()
        }
    }
}
