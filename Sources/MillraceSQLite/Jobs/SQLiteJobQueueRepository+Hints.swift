internal import GRDB
public import MillraceCore

/// What hints of jobs are made of, and what becomes of them.
extension SQLiteJobQueueRepository {
    /// Leases given jobs in one transaction, each found by its identity.
    public func claim(
        _ ids: [JobID], from scope: JobScope, by worker: WorkerID
    ) async throws(StoreError) -> [Job] {
        guard !ids.isEmpty, !scope.queues.isEmpty, !scope.types.isEmpty else { return [] }
        let clock = store.clock
        return try await store.write { db in
            let now = clock.now()
            try WorkerLease.require(worker, in: db, at: now)
            let jobs = try db.rows(
                """
                UPDATE processing_jobs
                SET status = 'PROCESSING', worker_id = :worker, lease_token = lease_token + 1, started_at = :now,
                    updated_at = :now, scheduled_at = NULL
                WHERE id IN (
                    SELECT job.id FROM json_each(:ids) wanted CROSS JOIN processing_jobs job ON job.id = wanted.value
                    WHERE \(Self.isGiven(to: scope))
                    ORDER BY wanted.key LIMIT :limit
                )
                RETURNING \(JobRow.columns)
                """,
                Self.arguments(for: scope) + [
                    "ids": json(ids.map(\.sql)), "limit": scope.isAlone ? 1 : ids.count, "worker": worker.sql,
                    "now": now.microseconds,
                ], JobRow.read)
            // RETURNING promises no order.
            let found = Dictionary(uniqueKeysWithValues: jobs.map { ($0.id, $0) })
            var seen: Set<JobID> = []
            return ids.compactMap { seen.insert($0).inserted ? found[$0] : nil }
        }
    }

    /// No index but that of identities: the condition would fit others.
    private static func isGiven(to scope: JobScope) -> String {
        let transcripts = "AND +job.transcript_id IN (SELECT value FROM json_each(:transcripts))"
        return """
            (+job.status = 'QUEUED' OR +job.status = 'SCHEDULED' AND +job.scheduled_at <= :now)
            AND +job.queue_name IN (SELECT value FROM json_each(:queues))
            AND +job.job_type IN (SELECT value FROM json_each(:types))
            AND (+job.engine IS NULL OR +job.engine IN (SELECT value FROM json_each(:engines)))
            AND (:crashes = 0 OR (job.crashes >= :crashes) = :alone)
            AND job.id NOT IN (SELECT value FROM json_each(:unreachable))
            \(scope.transcripts == nil ? "" : transcripts)
            """
    }

    private static func arguments(for scope: JobScope) throws -> StatementArguments {
        var arguments: StatementArguments = [
            "queues": try json(scope.queues.map(\.name)), "types": try json(scope.types.map(\.name)),
            "engines": try json(scope.engines.map(\.description)),
            "unreachable": try json(scope.unreachable.map(\.sql)), "crashes": scope.maxCrashes,
            "alone": scope.isAlone,
        ]
        if let transcripts = scope.transcripts { arguments += ["transcripts": try json(transcripts.map(\.sql))] }
        return arguments
    }

    /// Reads from the index of claims, where the jobs stand in order.
    public func readyJobs(in ranges: [JobRange], limit: Int) async throws(StoreError) -> [[JobPlace]] {
        guard !ranges.isEmpty, limit > 0 else { return ranges.map { _ in [] } }
        let clock = store.clock
        return try await store.read { db in
            let now = clock.now()
            return try ranges.map { range in try Self.places(in: range, limit: limit, db, at: now) }
        }
    }

    private static func places(
        in range: JobRange, limit: Int, _ db: Database, at now: Timestamp
    ) throws -> [JobPlace] {
        var arguments: StatementArguments = [
            "queue": range.kind.queueName.name, "type": range.kind.type.name, "limit": limit,
        ]
        var engine = "engine IS NULL"
        if let identity = range.kind.engine {
            engine = "engine = :engine"
            arguments += ["engine": identity.description]
        }
        let kind = "queue_name = :queue AND job_type = :type AND \(engine)"
        let anyKind = "+queue_name = :queue AND +job_type = :type AND +\(engine)"
        let columns = "priority, created_at, id"
        let order = "ORDER BY priority DESC, created_at, id LIMIT :limit"
        let reads: [String]
        if let place = range.after {
            // A read for each priority: one over all would pass over what lies before the place.
            arguments += [
                "priority": place.priority.rawValue, "created": place.createdAt.microseconds, "id": place.id.sql,
            ]
            reads = [
                """
                SELECT \(columns) FROM processing_jobs
                WHERE status = 'QUEUED' AND \(kind) AND priority = :priority AND (created_at, id) > (:created, :id)
                \(order)
                """,
                """
                SELECT \(columns) FROM processing_jobs
                WHERE status = 'QUEUED' AND \(kind) AND priority < :priority
                \(order)
                """,
            ]
        } else {
            arguments += ["now": now.microseconds]
            reads = [
                "SELECT \(columns) FROM processing_jobs WHERE status = 'QUEUED' AND \(kind) \(order)",
                """
                SELECT \(columns) FROM processing_jobs
                WHERE status = 'SCHEDULED' AND scheduled_at <= :now AND \(anyKind)
                \(order)
                """,
            ]
        }
        return try db.rows(
            reads.map { "SELECT * FROM (\($0))" }.joined(separator: " UNION ALL ")
                + " ORDER BY priority DESC, created_at, id LIMIT :limit", arguments
        ) { JobPlace(priority: try $0.choice(), createdAt: try $0.time(), id: try $0.id()) }
    }
}
