internal import MillraceCore

/// Counts jobs, from what the store keeps of each group.
struct JobCounts: Sendable {
    private let all: String
    private let one: String

    init(schema: String) {
        all = Self.statement(schema, queue: nil)
        one = Self.statement(schema, queue: "$2::text")
    }

    /// The counts of one queue; those of all that have jobs or were saved for `nil`.
    func read(
        _ queue: QueueName? = nil, in store: PostgresStore
    ) async throws(StoreError) -> [QueueName: JobStats] {
        let rows = try await store.rows(
            queue == nil ? all : one, [store.now] + (queue.map { [.text($0.name)] } ?? []), isIdempotent: true
        ) { row in
            (
                QueueName(stored: try row.value()), try row.optional(String.self).flatMap(JobStatus.init(rawValue:)),
                Int(try row.value(Int64.self)), try row.optional(Int64.self).map { Duration.microseconds($0) }
            )
        }
        var counts: [QueueName: [JobStatus: Int]] = [:]
        var oldest: [QueueName: Duration] = [:]
        for (name, status, jobs, age) in rows {
            counts[name, default: [:]][status ?? .queued, default: 0] += jobs
            if let age { oldest[name] = age }
        }
        return Dictionary(
            uniqueKeysWithValues: counts.map { ($0, JobStats(counts: $1, oldestQueuedAge: oldest[$0])) })
    }

    private static func statement(_ schema: String, queue: String?) -> String {
        let condition = queue.map { "WHERE queue_name = \($0)" } ?? ""
        return """
            WITH RECURSIVE queued AS (
                \(JobRead.queuedGroups(schema, ofQueue: queue))
            )
            SELECT queue_name, status, sum(jobs)::bigint, NULL::bigint
            FROM (
                SELECT queue_name, status, jobs FROM \(schema).job_counts \(condition)
                UNION ALL
                SELECT queue_name, status, jobs FROM \(schema).job_count_changes \(condition)
            ) count
            GROUP BY queue_name, status HAVING sum(jobs) <> 0
            UNION ALL
            SELECT queue_name, NULL, 0,
                   (extract(epoch FROM coalesce($1::timestamptz, now()) - min(created_at)) * 1000000)::bigint
            FROM queued GROUP BY queue_name
            UNION ALL
            SELECT name, NULL, 0, NULL FROM \(schema).job_queues \(queue.map { "WHERE name = \($0)" } ?? "")
            """
    }
}
