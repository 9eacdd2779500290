internal import MillraceCore

/// Deletes transcripts with everything that was made for them.
enum TranscriptDelete {
    /// Deletes one in the caller's transaction.
    ///
    /// - Throws: `conflict` when it has not ended and `force` is not given.
    static func delete(
        _ id: TranscriptID, force: Bool, on connection: PostgresConnection, of store: PostgresStore
    ) async throws {
        guard let status = try await lock(id, on: connection, of: store) else { return }
        guard force || status != .processing else {
            throw StoreError(.conflict, "transcript \(id) is still being made; deleting it must be forced")
        }
        try await remove(id, on: connection, of: store)
    }

    /// Holds a transcript and its processings until the caller's transaction ends: what the next statement sees of them
    /// stays so.
    ///
    /// The rows of its processings are taken first, as by everybody who writes chunks. From here on the server ends the
    /// session when it asks for nothing for ten seconds, so that a process that is frozen does not keep what others wait
    /// for.
    ///
    /// - Returns: its status; `nil` when it is not there.
    static func lock(
        _ id: TranscriptID, on connection: PostgresConnection, of store: PostgresStore
    ) async throws -> TranscriptStatus? {
        let schema = store.schema
        try await connection.run(script: "SET LOCAL idle_in_transaction_session_timeout = '10s'")
        try await connection.execute(
            "SELECT id FROM \(schema).processing_tasks WHERE transcript_id = $1 ORDER BY id FOR UPDATE", [.id(id)])
        return try await connection.rows(
            "SELECT status FROM \(schema).transcripts WHERE id = $1 FOR UPDATE", [.id(id)]
        ) { try $0.choice(TranscriptStatus.self) }.first
    }

    /// Deletes one that the caller's transaction holds.
    static func remove(
        _ id: TranscriptID, on connection: PostgresConnection, of store: PostgresStore
    ) async throws {
        let schema = store.schema
        try await connection.execute(
            """
            DELETE FROM \(schema).processing_jobs WHERE id = ANY (ARRAY(
                SELECT id FROM \(schema).processing_jobs WHERE transcript_id = $1 ORDER BY id FOR UPDATE
            ))
            """, [.id(id)])
        // Whoever writes to the cache waits from here on: all that takes long has been waited for.
        try await CacheLog(store: store).appendKeys(ofTranscript: id, on: connection)
        // Entries are held in the order of their keys, as by reports of uses, before one is deleted.
        try await connection.execute(
            """
            WITH locked AS MATERIALIZED (
                SELECT cache_key FROM \(schema).cache_entries
                WHERE cache_key IN (
                    SELECT chunk.cache_key
                    FROM \(schema).processing_tasks AS task
                    JOIN \(schema).chunk_tasks AS chunk ON chunk.processing_id = task.id
                    WHERE task.transcript_id = $1
                )
                ORDER BY cache_key
                FOR UPDATE
            )
            DELETE FROM \(schema).cache_entries AS e USING locked WHERE e.cache_key = locked.cache_key
            """, [.id(id)])
        // Processings and their chunks go with it, by the foreign keys.
        try await connection.execute("DELETE FROM \(schema).transcripts WHERE id = $1", [.id(id)])
    }
}
