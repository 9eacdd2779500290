internal import MillraceCore

/// Deletes transcripts with everything that was made for them.
enum TranscriptDelete {
    /// Deletes one in the caller's transaction.
    ///
    /// The rows of its processings are taken first, as by everybody who writes chunks.
    ///
    /// - Throws: `conflict` when it has not ended and `force` is not given.
    static func delete(
        _ id: TranscriptID, force: Bool, on connection: PostgresConnection, of store: PostgresStore
    ) async throws {
        let schema = store.schema
        try await connection.execute(
            "SELECT id FROM \(schema).processing_tasks WHERE transcript_id = $1 ORDER BY id FOR UPDATE", [.id(id)])
        let status = try await connection.rows(
            "SELECT status FROM \(schema).transcripts WHERE id = $1 FOR UPDATE", [.id(id)]
        ) { try $0.choice(TranscriptStatus.self) }
        guard let status = status.first else { return }
        guard force || status != .processing else {
            throw StoreError(.conflict, "transcript \(id) is still being made; deleting it must be forced")
        }
        try await connection.execute(
            """
            DELETE FROM \(schema).processing_jobs WHERE id = ANY (ARRAY(
                SELECT id FROM \(schema).processing_jobs WHERE transcript_id = $1 ORDER BY id FOR UPDATE
            ))
            """, [.id(id)])
        // Whoever writes to the cache waits from here on: all that takes long has been waited for.
        try await CacheLog(store: store).appendKeys(ofTranscript: id, on: connection)
        try await connection.execute(
            """
            DELETE FROM \(schema).cache_entries WHERE cache_key IN (
                SELECT chunk.cache_key
                FROM \(schema).processing_tasks AS task
                JOIN \(schema).chunk_tasks AS chunk ON chunk.processing_id = task.id
                WHERE task.transcript_id = $1
            )
            """, [.id(id)])
        // Processings and their chunks go with it, by the foreign keys.
        try await connection.execute("DELETE FROM \(schema).transcripts WHERE id = $1", [.id(id)])
    }
}
