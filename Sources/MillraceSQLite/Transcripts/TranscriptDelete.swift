internal import GRDB
internal import MillraceCore

/// Deletes transcripts with everything that was made for them.
enum TranscriptDelete {
    /// Deletes one, whatever its status, in the caller's transaction.
    ///
    /// - Returns: what went with it; nothing when it does not exist.
    static func delete(_ id: TranscriptID, in db: Database) throws -> StorePruned {
        var gone = StorePruned()
        let tasks = try db.rows(
            "SELECT count(DISTINCT task.id), count(chunk.id) \(chunksOf) = ?", [id.sql]
        ) { (try $0.value(Int.self), try $0.value(Int.self)) }
        (gone.processings, gone.chunks) = tasks[0]
        try CacheLog.appendKeys(ofTranscript: id, in: db)
        gone.cacheEntries = try db.run(
            "DELETE FROM cache_entries WHERE cache_key IN (SELECT chunk.cache_key \(chunksOf) = ?)", [id.sql])
        gone.jobs = try db.run("DELETE FROM processing_jobs WHERE transcript_id = ?", [id.sql])
        // Processings and their chunks go with it, by the foreign keys.
        gone.transcripts = try db.run("DELETE FROM transcripts WHERE id = ?", [id.sql])
        return gone
    }

    private static let chunksOf = """
        FROM processing_tasks task LEFT JOIN chunk_tasks chunk ON chunk.processing_id = task.id
        WHERE task.transcript_id
        """
}
