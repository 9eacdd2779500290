internal import GRDB
internal import MillraceCore

/// The queued jobs of a scope that are first in order.
enum JobChoice {
    /// A query for `id`, `priority` and `created_at`.
    ///
    /// One ordered read for each queue and type, ended by the limit: a single read over lists would sort all that is
    /// queued, or pass over all jobs of other types. The few jobs of given transcripts are found by those.
    static func sql(for scope: JobScope) -> String {
        let reads =
            if scope.transcripts == nil {
                scope.queues.indices.flatMap { queue in
                    scope.types.indices.map { type in
                        read(where: "queue_name = :queue\(queue) AND job_type = :type\(type)")
                    }
                }
            } else {
                [
                    read(
                        where: """
                            +queue_name IN (SELECT value FROM json_each(:queues))
                            AND +job_type IN (SELECT value FROM json_each(:types))
                            AND transcript_id IN (SELECT value FROM json_each(:transcripts))
                            """)
                ]
            }
        return reads.joined(separator: " UNION ALL ")
    }

    static func arguments(for scope: JobScope, limit: Int) throws -> StatementArguments {
        var arguments: StatementArguments = [
            "limit": scope.isAlone ? min(1, limit) : limit, "crashes": scope.maxCrashes, "alone": scope.isAlone,
        ]
        if let transcripts = scope.transcripts {
            arguments += [
                "queues": try json(scope.queues.map(\.name)), "types": try json(scope.types.map(\.name)),
                "transcripts": try json(transcripts.map(\.sql)),
            ]
        } else {
            for (index, queue) in scope.queues.enumerated() { arguments += ["queue\(index)": queue.name] }
            for (index, type) in scope.types.enumerated() { arguments += ["type\(index)": type.name] }
        }
        return arguments
    }

    private static func read(where condition: String) -> String {
        """
        SELECT * FROM (
            SELECT id, priority, created_at FROM processing_jobs
            WHERE status = 'QUEUED' AND \(condition)
              AND (:crashes = 0 OR (crashes >= :crashes) = :alone)
            ORDER BY priority DESC, created_at, id LIMIT :limit
        )
        """
    }
}
