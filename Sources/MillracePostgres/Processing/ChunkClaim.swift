internal import Foundation
internal import MillraceCore

/// Leases chunks by one statement.
///
/// A processing's chunks are claimed by index, so a number on its row tells the first that nobody has claimed yet; an
/// ordered index of what is pending would have to be read past all that was claimed before, for as long as any old
/// snapshot is open. Chunks that came back (a retry, a release, a rescue) are few, and have an index of their own.
///
/// At most as many processings are looked at as chunks are wanted. They are held, in the order of their identities, before
/// any chunk is chosen, so what the cursor says is true whoever has claimed meanwhile.
struct ChunkClaim {
    let limit: Int
    let scope: ChunkScope
    let worker: WorkerID
    /// The processing behind which the turn goes on.
    let turn: ProcessingID?

    /// What a claim got.
    struct Outcome: Sendable {
        var chunks: [ClaimedChunk] = []
        /// Whether others took what was found.
        var wasBeaten = false
    }

    /// The statement; its parameters are ``parameters(at:)``.
    static func sql(in schema: String) -> String {
        let now = "coalesce($3::timestamptz, now())"
        // Chunks under suspicion are given to whoever is alone, and to nobody else. None is that nobody has claimed yet.
        let isSuitable = "($7::integer = 0 OR (crashes >= $7) = $8::boolean)"
        let mayBeFresh = "NOT ($7 > 0 AND $8)"
        return """
            WITH RECURSIVE lease AS MATERIALIZED (
                SELECT id FROM \(schema).workers WHERE id = $2 AND lease_until > \(now)
            ), \(candidates(in: schema, now: now, isSuitable: isSuitable, mayBeFresh: mayBeFresh)), locked AS MATERIALIZED (
                SELECT *, greatest(1, $1 - count(*) OVER (PARTITION BY priority) + 1)::integer AS share
                FROM (
                    -- Not by an index of the status: that of all runs that may go on is one.
                    SELECT task.id, task.priority, task.next_chunk, task.total_chunks, task.source, task.recipe,
                           task.trace_context, task.id <> ALL ($6::uuid[]) AS is_reachable
                    FROM candidate JOIN \(schema).processing_tasks AS task ON task.id = candidate.id
                    WHERE (task.status IN ('PENDING', 'PROCESSING')) IS TRUE
                      AND \(ChunkCount.isRare("candidate.priority"))
                    ORDER BY task.id
                    FOR NO KEY UPDATE OF task
                ) AS task
            ), spot AS MATERIALIZED (
                -- Every processing has at least one chunk to give, so none gives more than its share.
                SELECT found.*, task.id AS processing_id, task.priority,
                       row_number() OVER (PARTITION BY task.id ORDER BY found.chunk_index) AS round
                FROM locked AS task
                CROSS JOIN LATERAL (
                    (SELECT id, chunk_index, true AS is_fresh FROM \(schema).chunk_tasks
                     WHERE task.is_reachable AND \(mayBeFresh) AND processing_id = task.id
                       AND chunk_index >= task.next_chunk AND status = 'PENDING' AND due_at IS NULL
                     ORDER BY chunk_index LIMIT task.share)
                    UNION ALL
                    (SELECT id, chunk_index, false FROM \(schema).chunk_tasks
                     WHERE task.is_reachable AND processing_id = task.id AND due_at <= \(now) AND \(isSuitable)
                     ORDER BY chunk_index LIMIT task.share)
                    UNION ALL
                    (SELECT id, chunk_index, false FROM \(schema).chunk_tasks
                     WHERE NOT task.is_reachable AND processing_id = task.id AND \(hasSound(now)) AND \(isSuitable)
                     ORDER BY chunk_index LIMIT task.share)
                ) AS found
            ), place AS MATERIALIZED (
                SELECT * FROM spot ORDER BY priority DESC, round, processing_id <= $5, processing_id LIMIT $1
            ), claimed AS (
                UPDATE \(schema).chunk_tasks AS chunk
                SET status = 'PROCESSING', worker_id = $2, lease_token = lease_token + 1, started_at = \(now),
                    scheduled_at = NULL
                FROM place
                WHERE chunk.id = place.id AND chunk.status = 'PENDING' AND \(ChunkCount.isRare("place.round"))
                RETURNING \(ChunkRow.columns(of: "chunk")), place.priority, place.round
            ), taken AS (
                -- What is fresh only becomes less: where fewer chunks were found than looked for, there are no more.
                SELECT task.id, coalesce(found.is_served, false) AS is_served,
                       CASE
                           WHEN NOT task.is_reachable OR NOT (\(mayBeFresh)) THEN 0
                           WHEN coalesce(found.taken, 0) = coalesce(found.fresh, 0)
                            AND coalesce(found.fresh, 0) < task.share THEN task.total_chunks
                           ELSE coalesce(found.next, 0)
                       END AS next
                FROM locked AS task
                LEFT JOIN (
                    SELECT spot.processing_id, bool_or(place.id IS NOT NULL) AS is_served,
                           count(*) FILTER (WHERE spot.is_fresh) AS fresh,
                           count(place.id) FILTER (WHERE spot.is_fresh) AS taken,
                           max(place.chunk_index) FILTER (WHERE spot.is_fresh) + 1 AS next
                    FROM spot LEFT JOIN place ON place.id = spot.id
                    GROUP BY spot.processing_id
                ) AS found ON found.processing_id = task.id
            ), begun AS (
                UPDATE \(schema).processing_tasks AS task
                SET next_chunk = greatest(task.next_chunk, taken.next),
                    status = CASE WHEN taken.is_served THEN 'PROCESSING' ELSE task.status END,
                    started_at = CASE WHEN taken.is_served THEN coalesce(task.started_at, \(now)) ELSE task.started_at END
                FROM taken
                WHERE task.id = taken.id AND \(ChunkCount.isRare("taken.next"))
            )
            SELECT (SELECT count(*) FROM place), \(ChunkRow.columns(of: "found")), found.source, found.recipe,
                   found.trace_context
            FROM lease LEFT JOIN (
                SELECT claimed.*,
                       CASE WHEN is_first THEN locked.source END AS source,
                       CASE WHEN is_first THEN locked.recipe END AS recipe,
                       CASE WHEN is_first THEN locked.trace_context END AS trace_context
                FROM (
                    SELECT *, row_number() OVER (PARTITION BY processing_id ORDER BY chunk_index) = 1 AS is_first
                    FROM claimed
                ) AS claimed JOIN locked ON locked.id = claimed.processing_id
            ) AS found ON true
            ORDER BY found.priority DESC, found.round, found.processing_id <= $5, found.processing_id
            """
    }

    func parameters(at now: PostgresParameter) -> [PostgresParameter] {
        let limit = scope.isAlone ? min(1, limit) : limit
        return [
            .int4(Int32(clamping: limit)), .id(worker), now, .texts(scope.engines.map(\.description)),
            .uuid(turn?.uuid ?? Self.first), .ids(scope.unreachable), .int4(Int32(clamping: scope.maxCrashes)),
            .bool(scope.isAlone), scope.processings.map { .ids($0) } ?? .null,
        ]
    }

    /// Lies before every identifier.
    private static let first = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

    /// Puts the rows of the statement together.
    ///
    /// - Throws: `conflict` when there are none: the worker has no lease.
    func outcome(of rows: [Row]) throws(StoreError) -> Outcome {
        guard !rows.isEmpty else {
            throw StoreError(.conflict, "worker \(worker) has no lease; it must register before it claims")
        }
        var outcome = Outcome()
        var parents: [ProcessingID: Parent] = [:]
        for row in rows {
            guard let task = row.task else { continue }
            if let parent = row.parent { parents[task.processingID] = parent }
            guard let parent = parents[task.processingID] else { continue }
            outcome.chunks.append(
                ClaimedChunk(
                    task: task, source: parent.source, recipe: parent.recipe, traceContext: parent.traceContext))
        }
        outcome.wasBeaten = outcome.chunks.isEmpty && rows[0].places > 0
        return outcome
    }

    /// What the chunks of one processing have in common; comes with the first of them.
    struct Parent: Sendable {
        let source: RecordingSource
        let recipe: Recipe
        let traceContext: [String: String]?
    }

    /// One row of the statement: a chunk, or nothing but the number of places that were found.
    struct Row: Sendable {
        let places: Int
        let task: ChunkTask?
        let parent: Parent?

        init(_ row: inout RowReader) throws {
            places = try row.value()
            guard let id = try row.optionalID(ChunkID.self) else {
                task = nil
                parent = nil
                return
            }
            task = try ChunkRow.read(&row, id: id)
            guard let source = try row.optionalJSON(RecordingSource.self) else {
                parent = nil
                return
            }
            parent = Parent(source: source, recipe: try row.json(), traceContext: try row.headers())
        }
    }
}
