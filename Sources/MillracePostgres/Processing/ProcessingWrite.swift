internal import Foundation
internal import MillraceCore

/// Writes processings and chunks as their aggregate has them.
///
/// Whoever writes chunks holds the row of their processing first; see ``ChunkCount``.
enum ProcessingWrite {
    /// A new processing as it is sent.
    struct Plan: Sendable {
        let row: ParallelProcessor.Row
        fileprivate let tasks: [ChunkTask]
        fileprivate let source: PostgresParameter
        fileprivate let recipe: PostgresParameter
        fileprivate let trace: PostgresParameter

        /// - Throws: `invalid` for what no store can keep.
        init(_ processor: ParallelProcessor) throws(StoreError) {
            row = ParallelProcessor.Row(processor)
            tasks = processor.tasks
            source = try .json(encoding: row.source)
            recipe = try .json(encoding: row.recipe)
            if let traceContext = row.traceContext {
                trace = try .json(encoding: traceContext)
            } else {
                trace = .null
            }
        }
    }

    /// Inserts a plan: the processing by one statement, all its chunks by another, which says so to who waits for chunks.
    ///
    /// - Throws: `conflict` when the same run can be resumed.
    static func insert(_ plan: Plan, on connection: PostgresConnection, of store: PostgresStore) async throws {
        let row = plan.row
        let inserted = try await connection.execute(
            """
            INSERT INTO \(store.schema).processing_tasks (
                id, transcript_id, source, recipe, engine, run_key, queue_name, priority, status, total_chunks,
                created_at, updated_at, trace_context
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)
            ON CONFLICT DO NOTHING
            """,
            [
                .id(row.id), .id(row.transcriptID), plan.source, plan.recipe, .text(row.recipe.engine.description),
                .text(row.runKey.description), .text(row.queueName.name), .int2(Int16(row.priority.rawValue)),
                .text(row.status.rawValue), .int4(Int32(clamping: row.totalChunks)), .time(row.createdAt), plan.trace,
            ])
        guard inserted == 1 else {
            throw StoreError(.conflict, "the same run is already stored; find it and join it")
        }
        let tasks = plan.tasks
        try await connection.execute(
            """
            WITH added AS (
                INSERT INTO \(store.schema).chunk_tasks (
                    id, processing_id, chunk_index, start_sample, end_sample, max_retries
                )
                SELECT id, $1, chunk_index, start_sample, end_sample, max_retries
                FROM unnest($2::uuid[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[])
                    AS chunk (id, chunk_index, start_sample, end_sample, max_retries)
                RETURNING id
            )
            SELECT pg_notify($7::text, 'chunks') FROM added LIMIT 1
            """,
            [
                .id(row.id), .uuids(tasks.map(\.id.uuid)), .int4s(tasks.map { Int32(clamping: $0.index) }),
                .int8s(tasks.map(\.range.start)), .int8s(tasks.map(\.range.end)),
                .int8s(tasks.map { Int64($0.maxRetries) }), .text(store.pool.configuration.schema),
            ])
    }

    /// - Throws: `notFound` unless the transcript that a plan writes is stored.
    static func requireTranscript(
        of plan: Plan, on connection: PostgresConnection, of store: PostgresStore
    ) async throws {
        let found = try await connection.rows(
            "SELECT 1 FROM \(store.schema).transcripts WHERE id = $1 FOR KEY SHARE", [.id(plan.row.transcriptID)]
        ) { _ in true }
        guard !found.isEmpty else {
            throw StoreError(.notFound, "there is no transcript \(plan.row.transcriptID) to write")
        }
    }

    /// Notes the transcript that a held job has begun.
    static func begin(
        _ transcript: TranscriptID, by job: Job, on connection: PostgresConnection, of store: PostgresStore
    ) async throws {
        let changed = try await connection.execute(
            """
            UPDATE \(store.schema).processing_jobs SET awaits = $1
            WHERE id = $2 AND lease_token = $3 AND status = 'PROCESSING'
            """, [.id(transcript), .id(job.id), .int8(job.leaseToken.value)])
        guard changed == 1 else {
            throw StoreError(.conflict, "job \(job.id) lost its lease and may not begin a run")
        }
    }

    /// Writes a resumed or cancelled processing, if nothing in it changed since it was loaded.
    static func update(
        _ processor: ParallelProcessor, on connection: PostgresConnection, of store: PostgresStore
    ) async throws {
        let row = ParallelProcessor.Row(processor)
        let updated = try await connection.execute(
            """
            UPDATE \(store.schema).processing_tasks
            -- The first claim changes the status without a new version: a copy from before it must not undo it.
            SET status = CASE $3 WHEN 'PENDING' THEN status ELSE $3 END, round = $4, version = version + 1,
                completed_chunks = $5, failed_chunks = $6, completed_at = $7,
                updated_at = coalesce($8::timestamptz, now()), error_message = $9
            WHERE id = $1 AND version = $2
            """,
            [
                .id(row.id), .int8(row.version), .text(row.status.rawValue), .int4(Int32(clamping: row.round)),
                .int4(Int32(clamping: row.completedChunks)), .int4(Int32(clamping: row.failedChunks)),
                .time(row.completedAt), store.now, .text(row.errorMessage),
            ])
        let conflict = StoreError(.conflict, "processing \(row.id) changed in the meantime; load again and retry")
        guard updated == 1 else { throw conflict }
        let changed = processor.tasks.filter { processor.changedTasks[$0.id] != nil }
        let written = try await connection.execute(
            """
            UPDATE \(store.schema).chunk_tasks AS chunk
            SET status = line.status, retry_count = line.retry_count, crashes = line.crashes,
                lease_token = line.token, worker_id = NULL, scheduled_at = NULL, completed_at = line.completed_at,
                error_message = line.error, audio = CASE line.status WHEN 'PENDING' THEN audio END
            FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::integer[],
                        $7::timestamptz[], $8::text[])
                AS line (id, loaded, token, status, retry_count, crashes, completed_at, error)
            WHERE chunk.id = line.id AND chunk.lease_token = line.loaded
            """,
            [
                .uuids(changed.map(\.id.uuid)), .int8s(changed.map { processor.changedTasks[$0.id]?.value }),
                .int8s(changed.map(\.leaseToken.value)), .texts(changed.map(\.status.rawValue)),
                .int8s(changed.map { Int64($0.retryCount) }), .int4s(changed.map { Int32(clamping: $0.crashes) }),
                .times(changed.map(\.completedAt)), .texts(changed.map(\.errorMessage)),
            ])
        guard written == changed.count else { throw conflict }
        try await takeTranscriptAlong(row, on: connection, of: store)
        if row.status == .merging { try await MergeInsert.insert([row.id], on: connection, of: store) }
    }

    private static func takeTranscriptAlong(
        _ row: ParallelProcessor.Row, on connection: PostgresConnection, of store: PostgresStore
    ) async throws {
        // One that has ended otherwise was only saved again, and its transcript is what its merge made of it.
        guard !row.status.isFinal || row.status == .cancelled else { return }
        let status: TranscriptStatus = row.status == .cancelled ? .cancelled : .processing
        try await connection.execute(
            """
            UPDATE \(store.schema).transcripts
            SET status = $2, completed_at = $3, updated_at = coalesce($4::timestamptz, now()) WHERE id = $1
            """, [.id(row.transcriptID), .text(status.rawValue), .time(row.completedAt), store.now])
    }
}
