internal import GRDB
internal import MillraceCore

/// Writes processings and chunks as their aggregate has them.
enum ProcessingWrite {
    private struct ChunkLine: Encodable {
        let id: String
        let index: Int
        let start: Int64
        let end: Int64
        let maxRetries: Int

        init(_ task: ChunkTask) {
            id = task.id.sql
            index = task.index
            start = task.range.start
            end = task.range.end
            maxRetries = task.maxRetries
        }
    }

    /// Inserts a plan: the processing by one statement, all its chunks by another.
    ///
    /// - Throws: `conflict` when the same run can be resumed; `notFound` when the transcript does not exist.
    static func insert(_ processor: ParallelProcessor, in db: Database) throws {
        let row = ParallelProcessor.Row(processor)
        guard try isStored(row.transcriptID, in: db) else {
            throw StoreError(.notFound, "there is no transcript \(row.transcriptID) to write")
        }
        let inserted = try db.run(
            """
            INSERT INTO processing_tasks (
                id, transcript_id, source, recipe, engine, run_key, queue_name, priority, status, total_chunks,
                created_at, updated_at, trace_context
            )
            VALUES (
                :id, :transcript, :source, :recipe, :engine, :run, :queue, :priority, :status, :total, :now, :now,
                :trace
            )
            ON CONFLICT (run_key) WHERE status NOT IN ('COMPLETED', 'CANCELLED') DO NOTHING
            """,
            [
                "id": row.id.sql, "transcript": row.transcriptID.sql, "source": json(row.source),
                "recipe": json(row.recipe), "engine": row.recipe.engine.description,
                "run": row.runKey.description, "queue": row.queueName.name, "priority": row.priority.rawValue,
                "status": row.status.rawValue, "total": row.totalChunks, "now": row.createdAt.microseconds,
                "trace": try row.traceContext.map { try json($0) },
            ])
        guard inserted == 1 else {
            throw StoreError(.conflict, "the same run is already stored; find it and join it")
        }
        try db.run(
            """
            INSERT INTO chunk_tasks (id, processing_id, chunk_index, start_sample, end_sample, max_retries)
            SELECT value ->> 'id', :processing, value ->> 'index', value ->> 'start', value ->> 'end',
                   value ->> 'maxRetries'
            FROM json_each(:chunks)
            """,
            ["processing": row.id.sql, "chunks": json(processor.tasks.map(ChunkLine.init))])
    }

    /// Whether there is such a transcript.
    static func isStored(_ transcript: TranscriptID, in db: Database) throws -> Bool {
        try !db.rows("SELECT 1 FROM transcripts WHERE id = ?", [transcript.sql]) { _ in true }.isEmpty
    }

    private struct ChangedLine: Encodable {
        let id: String
        let loaded: Int64
        let token: Int64
        let status: String
        let retryCount: Int
        let crashes: Int
        let completedAt: Int64?
        let error: String?

        init(_ task: ChunkTask, loadedWith token: LeaseToken) {
            id = task.id.sql
            loaded = token.value
            self.token = task.leaseToken.value
            status = task.status.rawValue
            retryCount = task.retryCount
            crashes = task.crashes
            completedAt = task.completedAt?.microseconds
            error = task.errorMessage
        }
    }

    /// Writes a resumed or cancelled processing, if nothing in it changed since it was loaded.
    static func update(
        _ processor: ParallelProcessor, merges: MergeInsert, in db: Database, at now: Timestamp
    ) throws {
        let conflict = StoreError(
            .conflict, "processing \(processor.id) changed in the meantime; load again and retry")
        let changed = processor.tasks.compactMap { task in
            processor.changedTasks[task.id].map { ChangedLine(task, loadedWith: $0) }
        }
        let written = try db.run(
            """
            UPDATE chunk_tasks
            SET status = line.value ->> 'status', retry_count = line.value ->> 'retryCount',
                crashes = line.value ->> 'crashes', lease_token = line.value ->> 'token', worker_id = NULL,
                scheduled_at = NULL, completed_at = line.value ->> 'completedAt',
                error_message = line.value ->> 'error'
            FROM json_each(:chunks) line
            WHERE chunk_tasks.id = line.value ->> 'id' AND lease_token = line.value ->> 'loaded'
            """, ["chunks": json(changed)])
        guard written == changed.count else { throw conflict }
        let row = ParallelProcessor.Row(processor)
        let updated = try db.run(
            """
            UPDATE processing_tasks
            -- The first claim changes the status without a new version: a copy from before it must not undo it.
            SET status = CASE :status WHEN 'PENDING' THEN status ELSE :status END, round = :round, version = version + 1, completed_chunks = :completed,
                failed_chunks = :failed, completed_at = :ended, updated_at = :now, error_message = :error
            WHERE id = :id AND version = :version
            """,
            [
                "id": row.id.sql, "version": row.version, "status": row.status.rawValue, "round": row.round,
                "completed": row.completedChunks, "failed": row.failedChunks,
                "ended": row.completedAt?.microseconds, "now": now.microseconds, "error": row.errorMessage,
            ])
        guard updated == 1 else { throw conflict }
        // One that has ended otherwise was only saved again, and its transcript is what its merge made of it.
        if !row.status.isFinal || row.status == .cancelled {
            let status: TranscriptStatus = row.status == .cancelled ? .cancelled : .processing
            try db.run(
                "UPDATE transcripts SET status = :status, completed_at = :ended, updated_at = :now WHERE id = :id",
                [
                    "id": row.transcriptID.sql, "status": status.rawValue,
                    "ended": row.completedAt?.microseconds, "now": now.microseconds,
                ])
        }
        if row.status == .merging { try merges.insert([row], in: db, at: now) }
    }
}
