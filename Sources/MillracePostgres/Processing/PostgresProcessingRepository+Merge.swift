public import MillraceCore

extension PostgresProcessingRepository {
    /// How long a process that counts chunks again is the only one that does.
    static let leadership = Duration.seconds(90)

    /// Ends a processing in one transaction, guarded by the lease of its merge.
    public func finish(_ outcome: MergeOutcome) async throws(StoreError) -> Bool {
        guard let status = outcome.transcript.status.processingStatus else {
            throw StoreError(.invalid, "a merge must give its transcript a final status")
        }
        let transcript = try TranscriptWrite.Line(outcome.transcript)
        return try await store.write { [store] connection in
            let open = try await connection.rows(
                """
                WITH open AS MATERIALIZED (
                    SELECT id, transcript_id FROM \(store.schema).processing_tasks
                    WHERE id = $1 AND round = $2 AND status = 'MERGING'
                    FOR NO KEY UPDATE
                ), merged AS (
                    UPDATE \(store.schema).processing_jobs AS job
                    SET status = 'COMPLETED', lease_token = lease_token + 1, worker_id = NULL, scheduled_at = NULL,
                        completed_at = coalesce($5::timestamptz, now()), updated_at = coalesce($5::timestamptz, now()),
                        error_message = NULL, result = NULL
                    FROM open WHERE job.id = $3 AND job.lease_token = $4 AND job.status = 'PROCESSING'
                    RETURNING open.transcript_id
                )
                SELECT transcript_id FROM merged
                """,
                [
                    .id(outcome.merge.processingID), .int4(Int32(clamping: outcome.merge.round)), .id(outcome.job.id),
                    .int8(outcome.job.leaseToken.value), store.now,
                ]
            ) { try $0.id(TranscriptID.self) }
            guard let written = open.first else { return false }
            guard written == outcome.transcript.id else {
                throw StoreError(.invalid, "the transcript is not the one of the merged processing")
            }
            try await TranscriptWrite.upsert(transcript, on: connection, of: store)
            try await connection.execute(
                """
                UPDATE \(store.schema).processing_tasks
                SET status = $2, completed_at = coalesce($3::timestamptz, now()),
                    updated_at = coalesce($3::timestamptz, now()), version = version + 1
                WHERE id = $1
                """, [.id(outcome.merge.processingID), .text(status.rawValue), store.now])
            return true
        }
    }

    /// Mends the counters of open processings and what hangs on them.
    ///
    /// Everybody looks for merges that are missing or have failed. To count all chunks again takes long: of all processes
    /// that use the store, only the one that leads does it, and no more often than a twentieth of its time allows.
    public func sweep() async throws(StoreError) -> [ProcessingID] {
        let sweep = ProcessingSweep(store: store)
        var suspects = try await sweep.unmerged()
        let start = recount.clock.now
        if recount.isDue(at: start), try await leader.lead() {
            suspects += try await sweep.miscounted()
            recount.note(from: start)
        }
        guard !suspects.isEmpty else { return [] }
        return try await sweep.mend(suspects)
    }
}
