internal import MillraceCore

/// Finds and mends what follows from the chunks of open processings: counters, status, the place of claims, the merge.
struct ProcessingSweep {
    let store: PostgresStore

    /// Processings that wait for a merge that nobody queued, or that has ended without a transcript.
    func unmerged() async throws(StoreError) -> [ProcessingID] {
        try await store.rows(
            """
            SELECT task.id FROM \(store.schema).processing_tasks AS task
            WHERE task.status = 'MERGING' AND NOT EXISTS (
                SELECT 1 FROM \(store.schema).processing_jobs AS job
                WHERE job.unique_key = \(MergeInsert.uniqueKey(of: "task"))
                  AND job.unique_key IS NOT NULL AND job.status IN ('QUEUED', 'SCHEDULED', 'PROCESSING')
            )
            """, isIdempotent: true
        ) { try $0.id() }
    }

    /// Open processings whose row is not what their chunks say. Takes as long as they have chunks, and locks nothing.
    func miscounted() async throws(StoreError) -> [ProcessingID] {
        try await store.rows(
            """
            WITH \(truth(of: "task.status IN ('PENDING', 'PROCESSING', 'MERGING')"))
            SELECT task.id FROM truth JOIN \(store.schema).processing_tasks AS task ON task.id = truth.id
            WHERE \(Self.isUntrue)
            """, isIdempotent: true
        ) { try $0.id() }
    }

    /// Mends what is wrong with some processings, if it still is.
    ///
    /// - Returns: those that were mended, in order.
    func mend(_ suspects: [ProcessingID]) async throws(StoreError) -> [ProcessingID] {
        try await store.write { connection in
            // In a statement of its own: the next ones see what those did who held the rows until now.
            let held = try await connection.rows(
                """
                SELECT id FROM \(store.schema).processing_tasks
                WHERE id = ANY ($1::uuid[]) AND status IN ('PENDING', 'PROCESSING', 'MERGING')
                ORDER BY id FOR NO KEY UPDATE
                """, [.ids(suspects)]
            ) { try $0.id(ProcessingID.self) }
            let recounted = try await recount(held, on: connection)
            let dead = try await failDeadMerges(of: held, on: connection)
            let missing = try await unqueued(of: held, on: connection)
            if !missing.isEmpty { try await MergeInsert.insert(missing, on: connection, of: store) }
            return Set(recounted + dead + missing).sorted()
        }
    }

    /// `truth`: what the chunks of some processings say.
    private func truth(of condition: String) -> String {
        """
        truth AS MATERIALIZED (
            SELECT task.id,
                   (count(*) FILTER (WHERE chunk.status = 'COMPLETED'))::integer AS completed,
                   (count(*) FILTER (WHERE chunk.status = 'FAILED'))::integer AS failed,
                   coalesce(
                       min(chunk.chunk_index) FILTER (WHERE chunk.status = 'PENDING' AND chunk.lease_token = 0),
                       max(task.total_chunks)) AS next
            FROM \(store.schema).processing_tasks AS task
            JOIN \(store.schema).chunk_tasks AS chunk ON chunk.processing_id = task.id
            WHERE \(condition)
            GROUP BY task.id
        )
        """
    }

    private static let isUntrue = """
        (task.completed_chunks <> truth.completed OR task.failed_chunks <> truth.failed
            OR task.next_chunk > truth.next
            OR task.status IN ('PENDING', 'PROCESSING') AND truth.completed + truth.failed = task.total_chunks)
        """

    private func recount(
        _ ids: [ProcessingID], on connection: PostgresConnection
    ) async throws -> [ProcessingID] {
        try await connection.rows(
            """
            WITH \(truth(of: "task.id = ANY ($1::uuid[])"))
            UPDATE \(store.schema).processing_tasks AS task
            SET completed_chunks = truth.completed,
                failed_chunks = truth.failed,
                next_chunk = least(task.next_chunk, truth.next),
                status = CASE
                    WHEN task.status IN ('PENDING', 'PROCESSING')
                     AND truth.completed + truth.failed = task.total_chunks
                    THEN 'MERGING' ELSE task.status
                END,
                version = task.version + 1,
                updated_at = coalesce($2::timestamptz, now())
            FROM truth
            WHERE task.id = truth.id AND \(Self.isUntrue)
            RETURNING task.id
            """, [.ids(ids), store.now]
        ) { try $0.id() }
    }

    /// Fails the processings whose merge has ended without a transcript, and their transcripts.
    private func failDeadMerges(
        of ids: [ProcessingID], on connection: PostgresConnection
    ) async throws -> [ProcessingID] {
        try await connection.rows(
            """
            WITH failed AS (
                UPDATE \(store.schema).processing_tasks AS task
                SET status = 'FAILED', completed_at = coalesce($2::timestamptz, now()),
                    updated_at = coalesce($2::timestamptz, now()), version = task.version + 1,
                    error_message =
                        coalesce(job.error_message, 'the merge is ' || job.status || ' and wrote no transcript')
                FROM \(store.schema).processing_jobs AS job
                WHERE task.id = ANY ($1::uuid[]) AND task.status = 'MERGING'
                  AND job.transcript_id = task.transcript_id AND job.job_type = 'merge'
                  AND job.unique_key = \(MergeInsert.uniqueKey(of: "task"))
                  AND job.status IN ('COMPLETED', 'FAILED', 'CANCELLED')
                  AND NOT EXISTS (
                      SELECT 1 FROM \(store.schema).processing_jobs AS open
                      WHERE open.unique_key = job.unique_key AND open.unique_key IS NOT NULL
                        AND open.status IN ('QUEUED', 'SCHEDULED', 'PROCESSING')
                  )
                RETURNING task.id, task.transcript_id
            ), ended AS (
                UPDATE \(store.schema).transcripts AS transcript
                SET status = 'FAILED', completed_at = coalesce($2::timestamptz, now()),
                    updated_at = coalesce($2::timestamptz, now())
                FROM failed WHERE transcript.id = failed.transcript_id
            )
            SELECT id FROM failed
            """, [.ids(ids), store.now]
        ) { try $0.id() }
    }

    /// Those of some processings that are MERGING without a merge.
    private func unqueued(
        of ids: [ProcessingID], on connection: PostgresConnection
    ) async throws -> [ProcessingID] {
        try await connection.rows(
            """
            SELECT task.id FROM \(store.schema).processing_tasks AS task
            WHERE task.id = ANY ($1::uuid[]) AND task.status = 'MERGING' AND NOT EXISTS (
                SELECT 1 FROM \(store.schema).processing_jobs AS job
                WHERE job.transcript_id = task.transcript_id AND job.job_type = 'merge'
                  AND job.unique_key = \(MergeInsert.uniqueKey(of: "task"))
            )
            """, [.ids(ids)]
        ) { try $0.id() }
    }
}
