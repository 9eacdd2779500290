internal import GRDB
internal import MillraceCore

/// Finds and mends what follows from the chunks of a processing: its counters, its status and its merge.
///
/// The sweep of a worker looks at open processings; a check of the whole store looks at those that have ended as well.
struct ProcessingSweep {
    let store: SQLiteStore

    /// Mends all that is wrong.
    ///
    /// - Returns: the processings that were mended.
    func mend(_ scope: Scope, in db: Database, at now: Timestamp) throws -> Set<ProcessingID> {
        let recounted = try recount(scope, in: db, at: now)
        let unmerged = try Self.unmerged(in: db)
        if !unmerged.isEmpty { try MergeInsert(store: store).insert(unmerged, in: db, at: now) }
        let failed = try failDeadMerges(in: db, at: now)
        return Set(recounted + unmerged.map(\.id) + failed)
    }

    /// The processings that are looked at.
    enum Scope {
        case open
        case all

        /// Only the counters of one that has ended follow from its chunks; what became of it does not.
        fileprivate var condition: String {
            switch self {
            case .open: "task.status IN ('PENDING', 'PROCESSING', 'MERGING')"
            case .all: "true"
            }
        }
    }

    /// The processings whose counters or status are not what their chunks say.
    static func wrong(_ scope: Scope, in db: Database) throws -> [ProcessingID] {
        try db.rows("\(truth(scope)) SELECT task.id \(untrue)", []) { try $0.id(ProcessingID.self) }
    }

    private static func truth(_ scope: Scope) -> String {
        """
        WITH truth AS MATERIALIZED (
            SELECT task.id,
                   coalesce(sum(chunk.status = 'COMPLETED'), 0) AS completed,
                   coalesce(sum(chunk.status = 'FAILED'), 0) AS failed
            FROM processing_tasks task JOIN chunk_tasks chunk ON chunk.processing_id = task.id
            WHERE \(scope.condition)
            GROUP BY task.id
        )
        """
    }

    private static let untrue = """
        FROM truth JOIN processing_tasks task ON task.id = truth.id
        WHERE completed_chunks <> truth.completed OR failed_chunks <> truth.failed
           OR status IN ('PENDING', 'PROCESSING') AND truth.completed + truth.failed = total_chunks
        """

    private func recount(_ scope: Scope, in db: Database, at now: Timestamp) throws -> [ProcessingID] {
        try db.rows(
            """
            \(Self.truth(scope))
            UPDATE processing_tasks
            SET completed_chunks = truth.completed,
                failed_chunks = truth.failed,
                status = CASE
                    WHEN status IN ('PENDING', 'PROCESSING') AND truth.completed + truth.failed = total_chunks
                        THEN 'MERGING'
                    ELSE status
                END,
                version = version + 1,
                updated_at = :now
            FROM truth
            WHERE processing_tasks.id = truth.id AND truth.id IN (SELECT task.id \(Self.untrue))
            RETURNING processing_tasks.id
            """, ["now": now.microseconds]
        ) { try $0.id(ProcessingID.self) }
    }

    /// Processings that wait for a merge that nobody queued.
    static func unmerged(in db: Database) throws -> [ParallelProcessor.Row] {
        try db.rows(
            """
            SELECT \(ProcessingRow.columns) FROM processing_tasks task
            WHERE status = 'MERGING' AND NOT EXISTS (
                SELECT 1 FROM processing_jobs job
                WHERE job.transcript_id = task.transcript_id AND job.job_type = 'merge'
                  AND job.unique_key = 'merge:' || task.id || ':' || task.round
            )
            """, [], ProcessingRow.read)
    }

    /// Processings whose merge has ended without a transcript, and why.
    static func deadMerges(in db: Database) throws -> [(id: ProcessingID, reason: String)] {
        try db.rows(
            """
            SELECT task.id,
                   coalesce(job.error_message, 'the merge is ' || job.status || ' and wrote no transcript')
            FROM processing_tasks task
            JOIN processing_jobs job
              ON job.transcript_id = task.transcript_id AND job.job_type = 'merge'
             AND job.unique_key = 'merge:' || task.id || ':' || task.round
            WHERE task.status = 'MERGING' AND job.status IN ('COMPLETED', 'FAILED', 'CANCELLED')
            """, []
        ) { (try $0.id(ProcessingID.self), try $0.value(String.self)) }
    }

    private func failDeadMerges(in db: Database, at now: Timestamp) throws -> [ProcessingID] {
        let dead = try Self.deadMerges(in: db)
        for (id, reason) in dead {
            try db.run(
                """
                UPDATE processing_tasks
                SET status = 'FAILED', completed_at = :now, updated_at = :now, version = version + 1,
                    error_message = :reason
                WHERE id = :id
                """, ["id": id.sql, "now": now.microseconds, "reason": reason])
            try db.run(
                """
                UPDATE transcripts SET status = 'FAILED', completed_at = :now, updated_at = :now
                WHERE id = (SELECT transcript_id FROM processing_tasks WHERE id = :id)
                """, ["id": id.sql, "now": now.microseconds])
        }
        return dead.map(\.id)
    }
}
