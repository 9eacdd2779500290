internal import GRDB
internal import MillraceCore

/// The queued jobs of a scope that are first in order.
enum JobChoice {
    /// A query for `id`, `priority` and `created_at`.
    ///
    /// One ordered read for each queue, type and engine, ended by the limit: a single read over lists would sort all that
    /// is queued, or pass over all jobs of other types. The few jobs of given transcripts are found by those.
    static func sql(for scope: JobScope) -> String {
        let reads =
            if scope.transcripts == nil {
                scope.queues.indices.flatMap { queue in
                    scope.types.indices.flatMap { type in
                        engineConditions(for: scope).map { engine in
                            read(where: "queue_name = :queue\(queue) AND job_type = :type\(type) AND \(engine)", scope)
                        }
                    }
                }
            } else {
                [
                    read(
                        where: """
                            +queue_name IN (SELECT value FROM json_each(:queues))
                            AND +job_type IN (SELECT value FROM json_each(:types))
                            AND (+engine IS NULL OR +engine IN (SELECT value FROM json_each(:engines)))
                            AND transcript_id IN (SELECT value FROM json_each(:transcripts))
                            """, scope)
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
                "engines": try json(scope.engines.map(\.description)),
                "transcripts": try json(transcripts.map(\.sql)),
            ]
        } else {
            for (index, queue) in scope.queues.enumerated() { arguments += ["queue\(index)": queue.name] }
            for (index, type) in scope.types.enumerated() { arguments += ["type\(index)": type.name] }
            for (index, engine) in scope.engines.enumerated() { arguments += ["engine\(index)": engine.description] }
        }
        if !scope.unreachable.isEmpty { arguments += ["unreachable": try json(scope.unreachable.map(\.sql))] }
        return arguments
    }

    /// Jobs for any worker, and those for each engine.
    private static func engineConditions(for scope: JobScope) -> [String] {
        ["engine IS NULL"] + scope.engines.indices.map { "engine = :engine\($0)" }
    }

    private static func read(where condition: String, _ scope: JobScope) -> String {
        let reachable = scope.unreachable.isEmpty ? "" : "AND id NOT IN (SELECT value FROM json_each(:unreachable))"
        return """
            SELECT * FROM (
                SELECT id, priority, created_at FROM processing_jobs
                WHERE status = 'QUEUED' AND \(condition)
                  AND (:crashes = 0 OR (crashes >= :crashes) = :alone) \(reachable)
                ORDER BY priority DESC, created_at, id LIMIT :limit
            )
            """
    }
}
