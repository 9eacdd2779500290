extension Migration {
    /// The sound of chunks, for workers that do not reach their recording.
    static let chunkAudio = Migration(
        version: 5, name: "chunk audio",
        sql: """
            -- A table of its own: SQLite writes a row anew with all that is in it, and chunks are written often.
            CREATE TABLE chunk_audio (
                chunk_id TEXT PRIMARY KEY REFERENCES chunk_tasks (id) ON DELETE CASCADE,
                flac     BLOB NOT NULL
            ) STRICT;

            -- By a trigger, so that no statement can forget it.
            CREATE TRIGGER chunk_ended AFTER UPDATE OF status ON chunk_tasks
            WHEN new.status IN ('COMPLETED', 'FAILED', 'CANCELLED') BEGIN
                DELETE FROM chunk_audio WHERE chunk_id = new.id;
            END;
            """)
}
