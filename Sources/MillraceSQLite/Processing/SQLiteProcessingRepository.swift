internal import GRDB
public import MillraceCore

/// Processings and their chunks in a SQLite file.
public struct SQLiteProcessingRepository: ProcessingRepository {
    let store: SQLiteStore
    let filled = FilledClaim<ChunkScope>()

    /// Uses an open store.
    public init(_ store: SQLiteStore) {
        self.store = store
    }

    /// Inserts transcript, processing and chunks in one transaction.
    public func start(
        _ processor: ParallelProcessor, transcript: Transcript, for job: Job?
    ) async throws(StoreError) {
        guard processor.transcriptID == transcript.id else {
            throw StoreError(.invalid, "the processing writes another transcript than the one it is started with")
        }
        let clock = store.clock
        try await store.write { db in
            guard try !ProcessingWrite.isStored(transcript.id, in: db) else {
                throw StoreError(.conflict, "transcript \(transcript.id) is stored already")
            }
            try TranscriptWrite.upsert(transcript, in: db, at: clock.now())
            try ProcessingWrite.insert(processor, in: db)
            if let job { try JobUpdate.begin(transcript.id, by: job, in: db) }
        }
    }

    /// Inserts a plan, or writes what changed in a loaded one.
    public func save(_ aggregate: ParallelProcessor) async throws(StoreError) {
        try await store.write { [store] db in
            if aggregate.isNew {
                try ProcessingWrite.insert(aggregate, in: db)
            } else {
                try ProcessingWrite.update(
                    aggregate, merges: MergeInsert(store: store), in: db, at: store.clock.now())
            }
        }
    }

    /// Reads a processing and its chunks by two statements.
    public func load(_ id: ProcessingID) async throws(StoreError) -> ParallelProcessor? {
        try await store.read { db in
            try self.processors(where: "id = ?", [id.sql], in: db).first
        }
    }

    /// Deletes a processing, its chunks and its merge, unless one of them is held.
    public func delete(_ id: ProcessingID) async throws(StoreError) {
        let clock = store.clock
        try await store.write { db in
            let held = try db.rows(
                """
                SELECT (SELECT count(*) FROM chunk_tasks WHERE processing_id = :id AND status = 'PROCESSING')
                     + (SELECT count(*) FROM processing_jobs
                        WHERE transcript_id = (SELECT transcript_id FROM processing_tasks WHERE id = :id)
                          AND job_type = 'merge' AND status = 'PROCESSING')
                """, ["id": id.sql]
            ) { try $0.value(Int.self) }
            guard held == [0] else {
                throw StoreError(.conflict, "processing \(id) is being worked on; cancel it first")
            }
            try db.run(
                """
                DELETE FROM processing_jobs
                WHERE transcript_id = (SELECT transcript_id FROM processing_tasks WHERE id = ?)
                  AND job_type = 'merge' AND status IN ('QUEUED', 'SCHEDULED')
                """, [id.sql])
            try db.run(
                """
                UPDATE transcripts SET status = 'CANCELLED', completed_at = :now, updated_at = :now
                WHERE id = (SELECT transcript_id FROM processing_tasks WHERE id = :id) AND status = 'PROCESSING'
                """, ["id": id.sql, "now": clock.now().microseconds])
            try db.run("DELETE FROM processing_tasks WHERE id = ?", [id.sql])
        }
    }

    /// Reads the newest processing with a run key.
    public func find(_ runKey: RunKey) async throws(StoreError) -> ParallelProcessor? {
        try await store.read { db in
            try self.processors(
                where: "id = (SELECT max(id) FROM processing_tasks WHERE run_key = ?)", [runKey.description], in: db
            ).first
        }
    }

    /// Reads a page of rows, newest first.
    public func rows(
        matching filter: ProcessingFilter, before cursor: ProcessingID?, limit: Int
    ) async throws(StoreError) -> [ParallelProcessor.Row] {
        try await store.read { db in
            // "g" lies behind every hexadecimal digit.
            var arguments: StatementArguments = ["cursor": cursor?.sql ?? "g", "limit": max(0, limit)]
            if let statuses = filter.statuses { arguments += ["statuses": try json(statuses.map(\.rawValue))] }
            // The newest of each status, from the index of those, so that others are not passed over.
            let wanted =
                filter.statuses == nil
                ? "true"
                : """
                id IN (
                    SELECT task.id FROM json_each(:statuses) wanted JOIN processing_tasks task ON task.id IN (
                        SELECT id FROM processing_tasks WHERE status = wanted.value AND id < :cursor
                        ORDER BY id DESC LIMIT :limit
                    )
                )
                """
            return try db.rows(
                """
                SELECT \(ProcessingRow.columns) FROM processing_tasks WHERE \(wanted) AND id < :cursor
                ORDER BY id DESC LIMIT :limit
                """, arguments, ProcessingRow.read)
        }
    }

    /// Reads a processing's row.
    public func row(_ id: ProcessingID) async throws(StoreError) -> ParallelProcessor.Row? {
        try await store.read { db in
            try db.rows(
                "SELECT \(ProcessingRow.columns) FROM processing_tasks WHERE id = ?", [id.sql], ProcessingRow.read
            ).first
        }
    }

    /// Reads the row of the processing that writes a transcript.
    public func row(of transcript: TranscriptID) async throws(StoreError) -> ParallelProcessor.Row? {
        try await store.read { db in
            try db.rows(
                """
                SELECT \(ProcessingRow.columns) FROM processing_tasks WHERE transcript_id = ? ORDER BY id DESC LIMIT 1
                """, [transcript.sql], ProcessingRow.read
            ).first
        }
    }

    /// Raises the progress that is shown.
    public func updateProgress(_ id: ProcessingID, progress: Double) async throws(StoreError) {
        guard (0...1).contains(progress) else {
            throw StoreError(.invalid, "progress must be between 0 and 1")
        }
        let clock = store.clock
        try await store.write { db in
            let changed = try db.run(
                "UPDATE processing_tasks SET progress = max(progress, ?), updated_at = ? WHERE id = ?",
                [progress, clock.now().microseconds, id.sql])
            guard changed == 1 else { throw StoreError(.notFound, "there is no processing \(id)") }
        }
    }

    /// Reads what is PROCESSING or MERGING by two statements.
    public func activeProcessings() async throws(StoreError) -> [ParallelProcessor] {
        try await store.read { db in
            try self.processors(where: "status IN ('PROCESSING', 'MERGING')", [], in: db)
        }
    }

    /// Reads a page of chunks with their results.
    public func chunks(
        of id: ProcessingID, after index: Int?, limit: Int
    ) async throws(StoreError) -> [ChunkTask] {
        try await store.read { db in
            try db.rows(
                """
                SELECT \(ChunkRow.columns) FROM chunk_tasks
                WHERE processing_id = ? AND chunk_index > ? ORDER BY chunk_index LIMIT ?
                """, [id.sql, index ?? -1, max(0, limit)], ChunkRow.read)
        }
    }

    private func processors(
        where condition: String, _ arguments: StatementArguments, in db: Database
    ) throws -> [ParallelProcessor] {
        let rows = try db.rows(
            "SELECT \(ProcessingRow.columns) FROM processing_tasks WHERE \(condition) ORDER BY id",
            arguments, ProcessingRow.read)
        guard !rows.isEmpty else { return [] }
        let chunks = try db.rows(
            """
            SELECT \(ChunkRow.columns) FROM chunk_tasks
            WHERE processing_id IN (SELECT value FROM json_each(?)) ORDER BY processing_id, chunk_index
            """, [try json(rows.map(\.id.sql))], ChunkRow.read)
        let byProcessing = Dictionary(grouping: chunks, by: \.processingID)
        return rows.map { ParallelProcessor($0, tasks: byProcessing[$0.id] ?? []) }
    }
}
