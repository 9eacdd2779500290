internal import GRDB
internal import MillraceCore

/// The queued jobs of a scope that are first in order.
enum JobChoice {
    /// A query for `id`, `priority` and `created_at`.
    ///
    /// One ordered read a queue, each ended by the limit: a single read over a list of queues would sort all that is
    /// queued.
    static func sql(for scope: JobScope) -> String {
        scope.queues.indices.map { index in
            """
            SELECT * FROM (
                SELECT id, priority, created_at FROM processing_jobs
                WHERE status = 'QUEUED' AND queue_name = :queue\(index)
                  AND job_type IN (SELECT value FROM json_each(:types))
                  \(scope.transcripts == nil ? "" : "AND transcript_id IN (SELECT value FROM json_each(:transcripts))")
                ORDER BY priority DESC, created_at, id LIMIT :limit
            )
            """
        }.joined(separator: " UNION ALL ")
    }

    static func arguments(for scope: JobScope, limit: Int) throws -> StatementArguments {
        var arguments: StatementArguments = ["types": try jsonArray(scope.types.map(\.name)), "limit": limit]
        for (index, queue) in scope.queues.enumerated() { arguments += ["queue\(index)": queue.name] }
        if let transcripts = scope.transcripts { arguments += ["transcripts": try jsonArray(transcripts.map(\.sql))] }
        return arguments
    }
}
