internal import GRDB
internal import MillraceCore

/// Writes transcripts.
enum TranscriptWrite {
    /// Inserts a transcript, or replaces all that can change in one.
    static func upsert(_ transcript: Transcript, in db: Database, at now: Timestamp) throws {
        try db.run(
            """
            INSERT INTO transcripts (
                id, source, content_hash, duration_seconds, status, language, text, segments, total_chunks,
                completed_chunks, failed_chunks, cached_chunks, created_at, completed_at, updated_at
            )
            VALUES (
                :id, :source, :hash, :duration, :status, :language, :text, :segments, :total,
                :completed, :failed, :cached, :created, :ended, :now
            )
            ON CONFLICT (id) DO UPDATE SET
                status = excluded.status, language = excluded.language, text = excluded.text,
                segments = excluded.segments, total_chunks = excluded.total_chunks,
                completed_chunks = excluded.completed_chunks, failed_chunks = excluded.failed_chunks,
                cached_chunks = excluded.cached_chunks, completed_at = excluded.completed_at,
                updated_at = excluded.updated_at
            """,
            [
                "id": transcript.id.sql, "source": transcript.source, "hash": transcript.hash.hex,
                "duration": transcript.durationSeconds, "status": transcript.status.rawValue,
                "language": transcript.language, "text": transcript.text,
                "segments": json(transcript.segments), "total": transcript.chunks.total,
                "completed": transcript.chunks.completed, "failed": transcript.chunks.failed,
                "cached": transcript.chunks.cached, "created": transcript.createdAt.microseconds,
                "ended": transcript.completedAt?.microseconds, "now": now.microseconds,
            ])
    }
}
