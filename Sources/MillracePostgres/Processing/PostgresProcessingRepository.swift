internal import Foundation
public import MillraceCore

/// Processings and their chunks in a PostgreSQL schema.
public struct PostgresProcessingRepository: ProcessingRepository {
    let store: PostgresStore
    let turn = ChunkTurn()
    let leader: PostgresLeader
    let recount = RecountPace()
    /// The statements of the hot path, put together once.
    let claimSQL: String
    let settleSQL: String
    let rescueSQL: String

    /// Uses an open store.
    public init(_ store: PostgresStore) {
        self.store = store
        leader = PostgresLeader(store, name: "processings", lease: Self.leadership)
        claimSQL = ChunkClaim.sql(in: store.schema)
        settleSQL = ChunkSettle.sql(in: store.schema)
        rescueSQL = ChunkRescue.sql(in: store.schema)
    }

    /// Inserts transcript, processing and chunks in one transaction.
    public func start(
        _ processor: ParallelProcessor, transcript: Transcript, for job: Job?
    ) async throws(StoreError) {
        guard processor.transcriptID == transcript.id else {
            throw StoreError(.invalid, "the processing writes another transcript than the one it is started with")
        }
        // Refused before anything is written.
        let plan = try ProcessingWrite.Plan(processor)
        try await store.write { [store] connection in
            guard try await TranscriptWrite.insert(transcript, on: connection, of: store) else {
                throw StoreError(.conflict, "transcript \(transcript.id) is stored already")
            }
            try await ProcessingWrite.insert(plan, on: connection, of: store)
            if let job { try await ProcessingWrite.begin(transcript.id, by: job, on: connection, of: store) }
        }
    }

    /// Inserts a plan, or writes what changed in a loaded one.
    public func save(_ aggregate: ParallelProcessor) async throws(StoreError) {
        if aggregate.isNew {
            let plan = try ProcessingWrite.Plan(aggregate)
            try await store.write { [store] connection in
                try await ProcessingWrite.requireTranscript(of: plan, on: connection, of: store)
                try await ProcessingWrite.insert(plan, on: connection, of: store)
            }
        } else {
            try await store.write { [store] connection in
                try await ProcessingWrite.update(aggregate, on: connection, of: store)
            }
        }
    }

    /// Reads a processing and its chunks by two statements.
    public func load(_ id: ProcessingID) async throws(StoreError) -> ParallelProcessor? {
        try await processors(where: "id = $1", [.id(id)]).first
    }

    /// Deletes a processing, its chunks and its merge, unless one of them is held.
    public func delete(_ id: ProcessingID) async throws(StoreError) {
        try await store.write { [store] connection in
            let transcripts = try await connection.rows(
                "SELECT transcript_id FROM \(store.schema).processing_tasks WHERE id = $1 FOR UPDATE", [.id(id)]
            ) { try $0.id(TranscriptID.self) }
            guard let transcript = transcripts.first else { return }
            let held = try await connection.rows(
                """
                SELECT 1 FROM \(store.schema).chunk_tasks WHERE processing_id = $1 AND status = 'PROCESSING'
                UNION ALL
                SELECT 1 FROM (
                    SELECT status FROM \(store.schema).processing_jobs
                    WHERE transcript_id = $2 AND job_type = 'merge' ORDER BY id FOR UPDATE
                ) AS merge WHERE status = 'PROCESSING'
                """, [.id(id), .id(transcript)]
            ) { _ in true }
            guard held.isEmpty else {
                throw StoreError(.conflict, "processing \(id) is being worked on; cancel it first")
            }
            try await connection.execute(
                """
                DELETE FROM \(store.schema).processing_jobs
                WHERE transcript_id = $1 AND job_type = 'merge' AND status IN ('QUEUED', 'SCHEDULED')
                """, [.id(transcript)])
            try await connection.execute(
                """
                UPDATE \(store.schema).transcripts
                SET status = 'CANCELLED', completed_at = coalesce($2::timestamptz, now()),
                    updated_at = coalesce($2::timestamptz, now())
                WHERE id = $1 AND status = 'PROCESSING'
                """, [.id(transcript), store.now])
            try await connection.execute(
                "DELETE FROM \(store.schema).processing_tasks WHERE id = $1", [.id(id)])
        }
    }

    /// Reads the newest processing with a run key.
    public func find(_ runKey: RunKey) async throws(StoreError) -> ParallelProcessor? {
        try await processors(
            where: """
                id = (SELECT id FROM \(store.schema).processing_tasks WHERE run_key = $1 ORDER BY id DESC LIMIT 1)
                """, [.text(runKey.description)]
        ).first
    }

    /// Reads what is PROCESSING or MERGING by two statements.
    public func activeProcessings() async throws(StoreError) -> [ParallelProcessor] {
        try await processors(where: "status IN ('PROCESSING', 'MERGING')", [])
    }

    /// Reads the rows before the chunks: what changes in between raises the version or a token, so a copy that is saved
    /// later is refused.
    private func processors(
        where condition: String, _ parameters: [PostgresParameter]
    ) async throws(StoreError) -> [ParallelProcessor] {
        try await store.withConnection(isIdempotent: true) { [store] connection in
            let rows = try await connection.rows(
                """
                SELECT \(ProcessingRow.columns) FROM \(store.schema).processing_tasks WHERE \(condition) ORDER BY id
                """, parameters, ProcessingRow.read)
            guard !rows.isEmpty else { return [] }
            let chunks = try await connection.rows(
                """
                SELECT \(ChunkRow.columns) FROM \(store.schema).chunk_tasks
                WHERE processing_id = ANY ($1::uuid[]) ORDER BY processing_id, chunk_index
                """, [.ids(rows.map(\.id))]
            ) { try ChunkRow.read(&$0) }
            let byProcessing = Dictionary(grouping: chunks, by: \.processingID)
            return rows.map { ParallelProcessor($0, tasks: byProcessing[$0.id] ?? []) }
        }
    }
}
