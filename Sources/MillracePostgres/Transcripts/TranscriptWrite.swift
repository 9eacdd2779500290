internal import MillraceCore

/// Writes transcripts.
enum TranscriptWrite {
    /// A transcript as it is sent.
    struct Line: Sendable {
        fileprivate let parameters: [PostgresParameter]

        /// - Throws: `invalid` for what no store can keep.
        init(_ transcript: Transcript) throws(StoreError) {
            parameters = [
                .id(transcript.id), .text(transcript.source), .text(transcript.hash.hex),
                .float8(transcript.durationSeconds), .text(transcript.status.rawValue), .text(transcript.language),
                .text(transcript.text), try .json(encoding: transcript.segments),
                .int4(Int32(clamping: transcript.chunks.total)), .int4(Int32(clamping: transcript.chunks.completed)),
                .int4(Int32(clamping: transcript.chunks.failed)), .int4(Int32(clamping: transcript.chunks.cached)),
                .time(transcript.createdAt), .time(transcript.completedAt),
            ]
        }
    }

    /// Inserts a transcript.
    ///
    /// - Returns: `false` when it is stored already; nothing changed.
    static func insert(
        _ transcript: Transcript, on connection: PostgresConnection, of store: PostgresStore
    ) async throws -> Bool {
        try await write(Line(transcript), orElse: "NOTHING", on: connection, of: store) == 1
    }

    /// Inserts a transcript, or replaces all that can change in one.
    static func upsert(_ line: Line, on connection: PostgresConnection, of store: PostgresStore) async throws {
        _ = try await write(
            line,
            orElse: """
                UPDATE SET
                    status = excluded.status, language = excluded.language, text = excluded.text,
                    segments = excluded.segments, total_chunks = excluded.total_chunks,
                    completed_chunks = excluded.completed_chunks, failed_chunks = excluded.failed_chunks,
                    cached_chunks = excluded.cached_chunks, completed_at = excluded.completed_at,
                    updated_at = excluded.updated_at
                """, on: connection, of: store)
    }

    private static func write(
        _ line: Line, orElse action: String, on connection: PostgresConnection, of store: PostgresStore
    ) async throws -> Int {
        try await connection.execute(
            """
            INSERT INTO \(store.schema).transcripts (
                id, source, content_hash, duration_seconds, status, language, text, segments, total_chunks,
                completed_chunks, failed_chunks, cached_chunks, created_at, completed_at, updated_at
            )
            VALUES (
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, coalesce($15::timestamptz, now())
            )
            ON CONFLICT (id) DO \(action)
            """, line.parameters + [store.now])
    }
}
