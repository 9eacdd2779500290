internal import GRDB
internal import MillraceCore

/// Queues the merges of processings whose last chunk has ended.
struct MergeInsert {
    let store: SQLiteStore

    /// Inserts one merge for each processing and round, unless there ever was one.
    func insert(_ rows: [ParallelProcessor.Row], in db: Database, at now: Timestamp) throws {
        let present = try db.rows(
            """
            SELECT unique_key FROM processing_jobs
            WHERE transcript_id IN (SELECT value FROM json_each(?)) AND job_type = 'merge' AND unique_key IS NOT NULL
            """, [try json(rows.map(\.transcriptID.sql))]
        ) { try $0.value(String.self) }
        let jobs = rows.compactMap { row -> Job? in
            let merge = MergePayload(processingID: row.id, round: row.round)
            guard !present.contains(merge.uniqueKey) else { return nil }
            return Job(merge.request(for: row), id: store.makeID(at: now), at: now)
        }
        if !jobs.isEmpty { _ = try JobInsert.insert(jobs, in: db, at: now) }
    }
}
