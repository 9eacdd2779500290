internal import MillraceCore

/// Deletes what is old, in transactions of few rows each.
struct PostgresPruner: Sendable {
    /// Rows that are deleted in one transaction; a processing and a transcript have one of their own.
    private static let batch = 500

    let store: PostgresStore
    /// What ended before goes.
    let cutoff: Timestamp
    let now: Timestamp
    let includesTranscripts: Bool

    private var schema: String { store.schema }

    /// Deletes.
    func prune() async throws(StoreError) -> StorePruned {
        var pruned = StorePruned()
        pruned.cacheEntries = try await deleteExpired()
        if includesTranscripts { try await pruneTranscripts(&pruned) }
        try await pruneProcessings(&pruned)
        pruned.jobs += try await deleteJobs()
        pruned.samples = try await deleteSamples()
        return pruned
    }

    /// Counts what would be deleted, all of it as of one moment.
    func count() async throws(StoreError) -> StorePruned {
        let old = includesTranscripts ? oldTranscripts : "false"
        let ofOld = "IN (SELECT transcript.id FROM \(schema).transcripts AS transcript WHERE \(old))"
        let processings = "\(oldProcessings) OR task.transcript_id \(ofOld)"
        let counts = try await store.rows(
            """
            SELECT (SELECT count(*) FROM \(schema).transcripts AS transcript WHERE \(old)),
                   (SELECT count(*) FROM \(schema).processing_tasks AS task WHERE \(processings)),
                   (SELECT count(*) FROM \(schema).chunk_tasks AS chunk
                    WHERE chunk.processing_id IN (
                        SELECT task.id FROM \(schema).processing_tasks AS task WHERE \(processings)
                    )),
                   (SELECT count(*) FROM \(schema).processing_jobs AS job
                    WHERE \(oldJobs) OR job.transcript_id \(ofOld)),
                   (SELECT count(*) FROM \(schema).cache_entries AS entry
                    WHERE entry.expires_at <= $2::timestamptz OR entry.cache_key IN (
                        SELECT chunk.cache_key FROM \(schema).chunk_tasks AS chunk
                        JOIN \(schema).processing_tasks AS task ON task.id = chunk.processing_id
                        WHERE task.transcript_id \(ofOld)
                    )),
                   (SELECT count(*) FROM \(schema).metrics WHERE timestamp < $1::timestamptz)
            """, [.time(cutoff), .time(now)], isIdempotent: true
        ) { row in
            var pruned = StorePruned()
            pruned.transcripts = try row.value()
            pruned.processings = try row.value()
            pruned.chunks = try row.value()
            pruned.jobs = try row.value()
            pruned.cacheEntries = try row.value()
            pruned.samples = try row.value()
            return pruned
        }
        return counts[0]
    }

    // MARK: - What is old; $1 is the cutoff

    /// Transcripts that ended, but for those that an open job still waits for: it has yet to read what came of them.
    private var oldTranscripts: String {
        """
        transcript.status <> 'PROCESSING' AND transcript.completed_at < $1::timestamptz
        AND \(isAwaitedByNone("transcript.id"))
        """
    }

    /// Processings that nobody can resume and no open job waits for.
    private var oldProcessings: String {
        """
        (task.status IN ('COMPLETED', 'CANCELLED') AND task.completed_at < $1::timestamptz
         AND \(isAwaitedByNone("task.transcript_id")))
        """
    }

    /// Jobs that ended, but for a merge that its processing still waits for: what becomes of that is the sweep's.
    private var oldJobs: String {
        """
        (job.status IN ('COMPLETED', 'FAILED', 'CANCELLED') AND job.completed_at < $1::timestamptz AND NOT EXISTS (
            SELECT 1 FROM \(schema).processing_tasks AS merging
            WHERE merging.transcript_id = job.transcript_id AND merging.status = 'MERGING'
        ))
        """
    }

    private func isAwaitedByNone(_ transcript: String) -> String {
        """
        NOT EXISTS (
            SELECT 1 FROM \(schema).processing_jobs AS waiting
            WHERE waiting.awaits = \(transcript) AND waiting.status IN ('QUEUED', 'SCHEDULED', 'PROCESSING')
        )
        """
    }

    // MARK: - Deleting

    private func deleteExpired() async throws(StoreError) -> Int {
        var deleted = 0
        while true {
            let count = try await store.execute(
                """
                DELETE FROM \(schema).cache_entries WHERE cache_key = ANY (ARRAY(
                    SELECT cache_key FROM \(schema).cache_entries WHERE expires_at <= $1::timestamptz
                    ORDER BY expires_at LIMIT $2::integer FOR UPDATE SKIP LOCKED
                ))
                """, [.time(now), .int4(Int32(Self.batch))])
            deleted += count
            if count < Self.batch { return deleted }
        }
    }

    private func deleteSamples() async throws(StoreError) -> Int {
        var deleted = 0
        while true {
            let count = try await SampleInsert.removeOld(before: cutoff, upTo: Self.batch, of: store)
            deleted += count
            if count < Self.batch { return deleted }
        }
    }

    /// Deletes jobs in the order of their identities; each statement goes on where the last has ended.
    private func deleteJobs() async throws(StoreError) -> Int {
        var deleted = 0
        var last: JobID?
        while true {
            let (count, end) = try await store.rows(
                """
                WITH old AS MATERIALIZED (
                    SELECT job.id FROM \(schema).processing_jobs AS job
                    WHERE \(oldJobs) AND ($2::uuid IS NULL OR job.id > $2)
                    ORDER BY job.id LIMIT $3::integer FOR UPDATE OF job SKIP LOCKED
                ), gone AS (
                    DELETE FROM \(schema).processing_jobs AS job USING old WHERE job.id = old.id RETURNING job.id
                )
                SELECT (SELECT count(*) FROM gone), (SELECT id FROM old ORDER BY id DESC LIMIT 1)
                """, [.time(cutoff), .id(last), .int4(Int32(Self.batch))]
            ) { (try $0.value(Int.self), try $0.optionalID(JobID.self)) }[0]
            deleted += count
            guard let end else { return deleted }
            last = end
        }
    }

    private func pruneProcessings(_ pruned: inout StorePruned) async throws(StoreError) {
        let ids = try await store.rows(
            "SELECT task.id FROM \(schema).processing_tasks AS task WHERE \(oldProcessings) ORDER BY task.id",
            [.time(cutoff)], isIdempotent: true
        ) { try $0.id(ProcessingID.self) }
        for id in ids {
            // The chunks go with it, by the foreign key.
            let gone = try await store.rows(
                """
                WITH gone AS (
                    DELETE FROM \(schema).processing_tasks AS task WHERE task.id = $2 AND \(oldProcessings)
                    RETURNING task.id
                )
                SELECT (SELECT count(*) FROM \(schema).chunk_tasks AS chunk WHERE chunk.processing_id = gone.id)
                FROM gone
                """, [.time(cutoff), .id(id)]
            ) { try $0.value(Int.self) }
            pruned.processings += gone.count
            pruned.chunks += gone.reduce(0, +)
        }
    }

    private func pruneTranscripts(_ pruned: inout StorePruned) async throws(StoreError) {
        let ids = try await store.rows(
            "SELECT transcript.id FROM \(schema).transcripts AS transcript WHERE \(oldTranscripts) ORDER BY transcript.id",
            [.time(cutoff)], isIdempotent: true
        ) { try $0.id(TranscriptID.self) }
        for id in ids {
            let gone = try await store.write { connection in
                // Asked again once it is held, by a statement that sees what its holders did: somebody may have taken it
                // up since.
                guard try await TranscriptDelete.lock(id, on: connection, of: store) != nil else {
                    return StorePruned()
                }
                let counts = try await connection.rows(Self.goneWith(schema, oldTranscripts), [.time(cutoff), .id(id)])
                {
                    row in
                    var gone = StorePruned()
                    gone.transcripts = 1
                    gone.processings = try row.value()
                    gone.chunks = try row.value()
                    gone.jobs = try row.value()
                    gone.cacheEntries = try row.value()
                    return gone
                }
                guard let gone = counts.first else { return StorePruned() }
                try await TranscriptDelete.remove(id, on: connection, of: store)
                return gone
            }
            pruned.transcripts += gone.transcripts
            pruned.processings += gone.processings
            pruned.chunks += gone.chunks
            pruned.jobs += gone.jobs
            pruned.cacheEntries += gone.cacheEntries
        }
    }

    /// Counts what goes with a transcript, if that is still old.
    private static func goneWith(_ schema: String, _ isOld: String) -> String {
        """
        SELECT (SELECT count(*) FROM \(schema).processing_tasks AS task WHERE task.transcript_id = transcript.id),
               (SELECT count(*) FROM \(schema).chunk_tasks AS chunk
                JOIN \(schema).processing_tasks AS task ON task.id = chunk.processing_id
                WHERE task.transcript_id = transcript.id),
               (SELECT count(*) FROM \(schema).processing_jobs AS job WHERE job.transcript_id = transcript.id),
               (SELECT count(*) FROM \(schema).cache_entries AS entry WHERE entry.cache_key IN (
                    SELECT chunk.cache_key FROM \(schema).chunk_tasks AS chunk
                    JOIN \(schema).processing_tasks AS task ON task.id = chunk.processing_id
                    WHERE task.transcript_id = transcript.id
                ))
        FROM \(schema).transcripts AS transcript WHERE transcript.id = $2 AND \(isOld)
        """
    }
}
