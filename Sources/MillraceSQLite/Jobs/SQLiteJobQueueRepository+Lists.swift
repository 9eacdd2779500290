internal import GRDB
public import MillraceCore

extension SQLiteJobQueueRepository {
    /// Reads claimable jobs; leases nothing.
    public func findPendingJobs(queueName: QueueName, limit: Int) async throws(StoreError) -> [Job] {
        let clock = store.clock
        return try await store.read { db in
            // Two ordered reads, merged, so that each is answered by its index.
            try db.rows(
                """
                SELECT * FROM (
                    SELECT \(JobRow.columns) FROM processing_jobs
                    WHERE status = 'QUEUED' AND queue_name = :queue
                    ORDER BY priority DESC, created_at, id LIMIT :limit
                )
                UNION ALL
                SELECT * FROM (
                    SELECT \(JobRow.columns) FROM processing_jobs
                    WHERE status = 'SCHEDULED' AND scheduled_at <= :now AND queue_name = :queue
                    ORDER BY priority DESC, created_at, id LIMIT :limit
                )
                ORDER BY priority DESC, created_at, id LIMIT :limit
                """,
                ["queue": queueName.name, "limit": max(0, limit), "now": clock.now().microseconds], JobRow.read)
        }
    }

    /// Reads the counts of a queue, which the store keeps.
    public func jobStats(queueName: QueueName) async throws(StoreError) -> JobStats {
        let clock = store.clock
        return try await store.read { db in try self.stats(of: queueName, in: db, at: clock.now()) }
    }

    /// Reads the counts of all queues, which the store keeps.
    public func jobStats() async throws(StoreError) -> [QueueName: JobStats] {
        let clock = store.clock
        return try await store.read { db in
            let names = try db.rows(
                """
                SELECT name FROM job_queues
                UNION SELECT queue_name FROM job_counts WHERE jobs > 0
                """, []
            ) { QueueName(stored: try $0.value()) }
            var all: [QueueName: JobStats] = [:]
            for name in names { all[name] = try self.stats(of: name, in: db, at: clock.now()) }
            return all
        }
    }

    /// Reads a page of jobs, newest first.
    public func jobs(
        matching filter: JobFilter, before cursor: JobID?, limit: Int
    ) async throws(StoreError) -> [Job] {
        try await store.read { db in
            // "g" lies behind every hexadecimal digit.
            var arguments: StatementArguments = ["cursor": cursor?.sql ?? "g", "limit": max(0, limit)]
            if filter != JobFilter() {
                arguments += [
                    "anyQueue": filter.queues == nil, "queues": try json((filter.queues ?? []).map(\.name)),
                    "anyType": filter.types == nil, "types": try json((filter.types ?? []).map(\.name)),
                    "anyStatus": filter.statuses == nil,
                    "statuses": try json((filter.statuses ?? []).map(\.rawValue)),
                ]
            }
            if let transcript = filter.awaiting { arguments += ["transcript": transcript.sql] }
            return try db.rows(
                """
                SELECT \(JobRow.columns) FROM processing_jobs WHERE \(Self.condition(for: filter)) AND id < :cursor
                ORDER BY id DESC LIMIT :limit
                """, arguments, JobRow.read)
        }
    }

    /// What the wanted jobs have in common.
    ///
    /// A filter names some of the groups of which `job_counts` has a row each. The newest of every wanted group are read
    /// from the index of groups, and the page is chosen among those: jobs that are not wanted are never passed over.
    private static func condition(for filter: JobFilter) -> String {
        if filter == JobFilter() { return "true" }
        if filter.awaiting != nil { return "awaits = :transcript AND " + wanted("") }
        return """
            id IN (
                SELECT job.id FROM job_counts tally JOIN processing_jobs job ON job.id IN (
                    SELECT id FROM processing_jobs
                    WHERE queue_name = tally.queue_name AND status = tally.status AND job_type = tally.job_type
                      AND id < :cursor
                    ORDER BY id DESC LIMIT :limit
                )
                WHERE \(wanted("tally."))
                ORDER BY job.id DESC LIMIT :limit
            )
            """
    }

    private static func wanted(_ table: String) -> String {
        """
        (:anyQueue OR \(table)queue_name IN (SELECT value FROM json_each(:queues)))
        AND (:anyType OR \(table)job_type IN (SELECT value FROM json_each(:types)))
        AND (:anyStatus OR \(table)status IN (SELECT value FROM json_each(:statuses)))
        """
    }

    func stats(of queueName: QueueName, in db: Database, at now: Timestamp) throws -> JobStats {
        let counts = try db.rows(
            "SELECT status, sum(jobs) FROM job_counts WHERE queue_name = ? GROUP BY status", [queueName.name]
        ) { (try $0.choice(JobStatus.self), try $0.value(Int.self)) }
        // The index has the oldest of each priority first.
        let oldest = try db.rows(
            """
            SELECT min(oldest) FROM (
                SELECT (SELECT min(created_at) FROM processing_jobs
                        WHERE status = 'QUEUED' AND queue_name = :queue AND priority = p.value) AS oldest
                FROM json_each('[1, 2, 3]') p
            )
            """, ["queue": queueName.name]
        ) { try $0.optionalTime() }
        return JobStats(
            counts: Dictionary(uniqueKeysWithValues: counts), oldestQueuedAge: oldest[0].map { now - $0 })
    }
}
