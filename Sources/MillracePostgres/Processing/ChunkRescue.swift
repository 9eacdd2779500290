internal import MillraceCore

/// Takes back by one statement what workers without a lease hold; what has killed too many of them has failed.
///
/// Begins with the few workers whose lease has ended: the index of held chunks has a dead entry for each chunk that any
/// worker ever held, until they are cleared away. A worker that holds something is not forgotten.
enum ChunkRescue {
    static func sql(in schema: String) -> String {
        let now = "coalesce($1::timestamptz, now())"
        return """
            WITH gone AS MATERIALIZED (
                SELECT id FROM \(schema).workers WHERE lease_until <= \(now)
            ), held AS MATERIALIZED (
                SELECT chunk.id, chunk.processing_id, chunk.worker_id, chunk.lease_token AS token
                FROM gone
                -- One look at the index for each: a merge of both would read what is left in it of all workers.
                CROSS JOIN LATERAL (
                    SELECT id, processing_id, worker_id, lease_token FROM \(schema).chunk_tasks
                    WHERE worker_id = gone.id OFFSET 0
                ) AS chunk
            ), \(ChunkCount.locked(in: schema)), changed AS (
                UPDATE \(schema).chunk_tasks AS chunk
                SET status = CASE WHEN $2::integer > 0 AND crashes >= $2 THEN 'FAILED' ELSE 'PENDING' END,
                    worker_id = NULL,
                    lease_token = lease_token + 1,
                    crashes = crashes + 1,
                    completed_at = CASE WHEN $2 > 0 AND crashes >= $2 THEN \(now) END,
                    error_message = CASE
                        WHEN $2 > 0 AND crashes >= $2 THEN replace($3, '#', (crashes + 1)::text)
                        ELSE error_message
                    END,
                    audio = CASE WHEN $2 > 0 AND crashes >= $2 THEN NULL ELSE audio END
                FROM held
                WHERE chunk.id = held.id AND chunk.lease_token = held.token AND \(ChunkCount.isRare("held.token"))
                  AND \(ChunkCount.areLocked)
                RETURNING chunk.id, chunk.processing_id, chunk.status
            ), \(ChunkCount.parents(in: schema, at: now))
            SELECT id FROM changed ORDER BY id
            """
    }

    static func parameters(maxCrashes: Int, at now: PostgresParameter) -> [PostgresParameter] {
        let reason = Job.poisonMessage(crashes: 0).replacing("0", with: "#")
        return [now, .int4(Int32(clamping: maxCrashes)), .text(reason)]
    }
}
