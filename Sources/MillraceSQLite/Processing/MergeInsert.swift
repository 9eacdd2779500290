internal import GRDB
internal import MillraceCore

/// Queues the merges of processings whose last chunk has ended.
enum MergeInsert {
    /// Inserts one merge for each processing and round; a merge that is there already stays the only one.
    static func insert(_ rows: [ParallelProcessor.Row], in db: Database, at now: Timestamp) throws {
        let requests = rows.map { row in
            MergePayload(processingID: row.id, round: row.round)
                .request(transcriptID: row.transcriptID, queueName: row.queueName, priority: row.priority)
        }
        _ = try JobInsert.insert(JobInsert.jobs(requests, at: now), in: db, at: now)
    }
}
