internal import Foundation
public import MillraceCore

extension PostgresProcessingRepository {
    /// Reads a page of rows, newest first.
    public func rows(
        matching filter: ProcessingFilter, before cursor: ProcessingID?, limit: Int
    ) async throws(StoreError) -> [ParallelProcessor.Row] {
        let page: [PostgresParameter] = [.before(cursor), .int8(Int64(max(0, limit)))]
        guard let statuses = filter.statuses else {
            return try await store.rows(
                """
                SELECT \(ProcessingRow.columns) FROM \(store.schema).processing_tasks
                WHERE id < $1 ORDER BY id DESC LIMIT $2
                """, page, isIdempotent: true, ProcessingRow.read)
        }
        // The newest of each status, from the index of those, so that others are not passed over.
        return try await store.rows(
            """
            SELECT \(ProcessingRow.columns) FROM \(store.schema).processing_tasks
            WHERE id = ANY (ARRAY(
                SELECT newest.id
                FROM (SELECT DISTINCT status FROM unnest($3::text[]) AS wanted (status)) AS wanted
                CROSS JOIN LATERAL (
                    SELECT id FROM \(store.schema).processing_tasks
                    WHERE status = wanted.status AND id < $1 ORDER BY id DESC LIMIT $2
                ) AS newest
            ))
            ORDER BY id DESC LIMIT $2
            """, page + [.texts(statuses.map(\.rawValue))], isIdempotent: true, ProcessingRow.read)
    }

    /// Reads a processing's row.
    public func row(_ id: ProcessingID) async throws(StoreError) -> ParallelProcessor.Row? {
        try await store.rows(
            "SELECT \(ProcessingRow.columns) FROM \(store.schema).processing_tasks WHERE id = $1", [.id(id)],
            isIdempotent: true, ProcessingRow.read
        ).first
    }

    /// Reads the row of the processing that writes a transcript.
    public func row(of transcript: TranscriptID) async throws(StoreError) -> ParallelProcessor.Row? {
        try await store.rows(
            """
            SELECT \(ProcessingRow.columns) FROM \(store.schema).processing_tasks WHERE transcript_id = $1
            """, [.id(transcript)], isIdempotent: true, ProcessingRow.read
        ).first
    }

    /// Raises the progress that is shown.
    public func updateProgress(_ id: ProcessingID, progress: Double) async throws(StoreError) {
        guard (0...1).contains(progress) else {
            throw StoreError(.invalid, "progress must be between 0 and 1")
        }
        let changed = try await store.execute(
            """
            UPDATE \(store.schema).processing_tasks
            SET progress = greatest(progress, $2::double precision), updated_at = coalesce($3::timestamptz, now())
            WHERE id = $1
            """, [.id(id), .float8(progress), store.now], isIdempotent: true)
        guard changed == 1 else { throw StoreError(.notFound, "there is no processing \(id)") }
    }

    /// Reads a page of chunks with their results.
    public func chunks(
        of id: ProcessingID, after index: Int?, limit: Int
    ) async throws(StoreError) -> [ChunkTask] {
        try await store.rows(
            """
            SELECT \(ChunkRow.columns) FROM \(store.schema).chunk_tasks
            WHERE processing_id = $1 AND chunk_index > $2 ORDER BY chunk_index LIMIT $3
            """, [.id(id), .int4(Int32(clamping: index ?? -1)), .int8(Int64(max(0, limit)))], isIdempotent: true
        ) { try ChunkRow.read(&$0) }
    }
}

extension PostgresParameter {
    /// What a list from the newest goes on before: an identifier, or for `nil` one behind all that are made.
    static func before<Entity>(_ id: Identifier<Entity>?) -> Self {
        .uuid(id?.uuid ?? UUID(uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255)))
    }
}
