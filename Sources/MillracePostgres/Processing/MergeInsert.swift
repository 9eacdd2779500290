internal import MillraceCore

/// Queues the merges of processings whose last chunk has ended.
///
/// The job is the one that ``MergePayload`` describes. It is made in SQL, because it must come with the statement that
/// ends the last chunk, and only that statement knows which chunk is the last.
enum MergeInsert {
    /// The key by which the merge of a round is inserted once, for the processing that goes by a name in the statement.
    static func uniqueKey(of task: String) -> String { "'merge:' || \(task).id || ':' || \(task).round" }

    /// A statement, or a part of one, that inserts the merge of each MERGING processing in `tasks`, which are rows of
    /// `processing_tasks` under the name `task`, if they fulfil the condition; `now` is the time, in SQL.
    static func sql(from tasks: String, where condition: String = "true", in schema: String, at now: String) -> String {
        """
        INSERT INTO \(schema).processing_jobs (
            id, queue_name, transcript_id, job_type, payload, priority, unique_key, trace_context, created_at,
            updated_at
        )
        SELECT \(schema).make_id(\(now)), task.queue_name, task.transcript_id, 'merge',
               jsonb_build_object('processingID', task.id, 'round', task.round), task.priority,
               \(uniqueKey(of: "task")), task.trace_context, \(now), \(now)
        FROM \(tasks) WHERE task.status = 'MERGING' AND \(condition)
        ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND status IN ('QUEUED', 'SCHEDULED', 'PROCESSING')
            DO NOTHING
        """
    }

    /// Inserts one merge for each MERGING processing and round, unless there ever was one, in a transaction that holds
    /// the processings' rows.
    static func insert(_ ids: [ProcessingID], on connection: PostgresConnection, of store: PostgresStore) async throws {
        let schema = store.schema
        try await connection.execute(
            sql(
                from: "\(schema).processing_tasks AS task",
                where: """
                    task.id = ANY ($1::uuid[]) AND NOT EXISTS (
                        SELECT 1 FROM \(schema).processing_jobs AS job
                        WHERE job.transcript_id = task.transcript_id AND job.job_type = 'merge'
                          AND job.unique_key = \(uniqueKey(of: "task"))
                    )
                    """,
                in: schema, at: "coalesce($2::timestamptz, now())"), [.ids(ids), store.now])
    }
}
