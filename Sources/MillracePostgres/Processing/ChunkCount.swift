/// Counts at processings what became of their chunks, as part of the statement that changes the chunks.
///
/// Counters move only by rows that the statement really changed, by one update a processing and batch. The last chunk
/// makes its processing MERGING, and its merge is inserted with it.
///
/// Whoever writes chunks holds the rows of their processings first, taken in the order of their identities (`locked`).
/// So nobody ever waits for a chunk while he holds another, and no two wait for each other.
enum ChunkCount {
    /// `locked`: the rows of the processings of `held`, which has a `processing_id`.
    static func locked(in schema: String) -> String {
        """
        locked AS MATERIALIZED (
            SELECT task.id
            FROM (SELECT DISTINCT processing_id FROM held ORDER BY processing_id) AS held
            -- One look at the index for each: a merge of both would read all processings.
            CROSS JOIN LATERAL (
                SELECT id FROM \(schema).processing_tasks WHERE id = held.processing_id
                FOR NO KEY UPDATE
            ) AS task
        )
        """
    }

    /// A condition on a number that is always true, and that the planner takes for rare.
    ///
    /// So it expects a row or two of what is a batch, and looks each chunk up by its key. Else it reads the whole table or
    /// index when its statistics are old, because nearly no chunk is PROCESSING by them.
    static func isRare(_ number: String) -> String { "\(number) = \(number) + 0" }

    /// Is true once all of `locked` are held; a condition for the update of the chunks.
    static let areLocked = "(SELECT count(*) FROM locked) > 0"

    /// `parents` and `merges`, from `changed`, which has the `processing_id` and the new `status` of chunks; `now` is the
    /// time, in SQL.
    static func parents(in schema: String, at now: String) -> String {
        """
        counts AS (
            SELECT processing_id, (count(*) FILTER (WHERE status = 'COMPLETED'))::integer AS completed,
                   (count(*) FILTER (WHERE status = 'FAILED'))::integer AS failed
            FROM changed WHERE status IN ('COMPLETED', 'FAILED')
            GROUP BY processing_id
        ), parents AS (
            UPDATE \(schema).processing_tasks AS task
            SET completed_chunks = task.completed_chunks + counts.completed,
                failed_chunks = task.failed_chunks + counts.failed,
                status = CASE
                    WHEN task.status = 'PROCESSING'
                     AND task.completed_chunks + task.failed_chunks + counts.completed + counts.failed
                         = task.total_chunks
                    THEN 'MERGING' ELSE task.status
                END,
                version = task.version + 1,
                updated_at = \(now)
            FROM counts WHERE task.id = counts.processing_id
            RETURNING task.id, task.status, task.round, task.transcript_id, task.queue_name, task.priority,
                      task.trace_context
        ), merges AS (
            \(MergeInsert.sql(from: "parents AS task", in: schema, at: now).replacing("\n", with: "\n    "))
        )
        """
    }
}
