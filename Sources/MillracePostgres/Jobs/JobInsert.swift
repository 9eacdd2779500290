internal import MillraceCore

/// Inserts jobs in one statement, however many.
struct JobInsert: Sendable {
    private let sql: String
    private let holderSQL: String
    private let channel: String

    init(schema: String, channel: String) {
        self.channel = channel
        sql = Self.statement(schema: schema)
        holderSQL = """
            SELECT unique_key, id FROM \(schema).processing_jobs
            WHERE unique_key = ANY ($1::text[]) AND unique_key IS NOT NULL
              AND status IN ('QUEUED', 'SCHEDULED', 'PROCESSING')
            """
    }

    /// Inserts requests; one whose unique key an open job has is skipped.
    ///
    /// With `isAnnounced` those who wait are woken when the transaction commits, which is for transactions of the caller's
    /// own: see ``JobAnnouncer``.
    func insert(
        _ requests: [JobRequest], ids: [JobID], at now: Timestamp?, isAnnounced: Bool,
        in connection: PostgresConnection
    ) async throws -> EnqueueReceipt {
        var ids = ids
        let channel = isAnnounced ? channel : nil
        var (skipped, createdAt) = try await insertOnce(requests, ids: ids, at: now, telling: channel, in: connection)
        var all = skipped
        // A job whose key was in the way may end before it is looked up; then its key is free again.
        for _ in 0..<Self.tries where !skipped.isEmpty {
            let keys = Set(skipped.compactMap { requests[$0].uniqueKey })
            let holders = Dictionary(
                try await connection.rows(holderSQL, [.texts(Array(keys))]) { row in
                    (try row.value(String.self), try row.id(JobID.self))
                }, uniquingKeysWith: { first, _ in first })
            var free: [Int] = []
            for position in skipped {
                if let holder = requests[position].uniqueKey.flatMap({ holders[$0] }) {
                    ids[position] = holder
                } else {
                    free.append(position)
                }
            }
            guard !free.isEmpty else { break }
            let again = try await insertOnce(
                free.map { requests[$0] }, ids: free.map { ids[$0] }, at: now, telling: channel, in: connection)
            skipped = again.skipped.map { free[$0] }
            createdAt = createdAt ?? again.createdAt
            all = all.filter { !free.contains($0) || skipped.contains($0) }
        }
        return EnqueueReceipt(ids: ids, skipped: all, createdAt: createdAt)
    }

    private static let tries = 10

    /// - Returns: the positions that were skipped, and when the others were made.
    private func insertOnce(
        _ requests: [JobRequest], ids: [JobID], at now: Timestamp?, telling channel: String?,
        in connection: PostgresConnection
    ) async throws -> (skipped: [Int], createdAt: Timestamp?) {
        let inserted = try await connection.rows(
            sql,
            [
                .time(now), .text(channel), .ids(ids), .texts(requests.map(\.queueName.name)),
                .uuids(requests.map { $0.transcriptID?.uuid }), .texts(requests.map(\.type.name)),
                .jsons(requests.map(\.payload.text)), .int2s(requests.map { Int16($0.priority.rawValue) }),
                .int8s(requests.map { Int64($0.maxRetries ?? QueueSettings.standardMaxRetries) }),
                .texts(requests.map(\.uniqueKey)), .times(requests.map(\.scheduledAt)),
                .texts(requests.map { $0.engine?.description }),
                .int8s(requests.map { $0.timeout?.wholeMicroseconds }), .jsons(try requests.map(Self.trace)),
            ]
        ) { (try $0.id(JobID.self), try $0.time()) }
        let createdAt = inserted.first?.1
        if inserted.count == requests.count { return ([], createdAt) }
        let there = Set(inserted.map(\.0))
        return (ids.indices.filter { !there.contains(ids[$0]) }, createdAt)
    }

    static func trace(_ request: JobRequest) throws(StoreError) -> String? {
        guard let headers = request.traceContext else { return nil }
        do throws(InvalidValue) {
            return try JSONText(encoding: headers).text
        } catch {
            throw StoreError(.invalid, "the store cannot keep this value: \(error)", cause: error)
        }
    }

    /// In the order of their keys, since two batches that want each other's keys would wait for each other for ever.
    private static func statement(schema: String) -> String {
        """
        WITH added AS (
            INSERT INTO \(schema).processing_jobs (
                id, queue_name, transcript_id, job_type, payload, priority, status, max_retries, unique_key,
                created_at, scheduled_at, updated_at, engine, timeout_us, trace_context
            )
            SELECT id, queue_name, transcript_id, job_type, payload, priority,
                   CASE WHEN scheduled_at > at THEN 'SCHEDULED' ELSE 'QUEUED' END, max_retries, unique_key, at,
                   CASE WHEN scheduled_at > at THEN scheduled_at END, at, engine, timeout_us, trace_context
            FROM unnest(
                $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::jsonb[], $8::smallint[], $9::bigint[],
                $10::text[], $11::timestamptz[], $12::text[], $13::bigint[], $14::jsonb[]
            ) WITH ORDINALITY AS job (
                id, queue_name, transcript_id, job_type, payload, priority, max_retries, unique_key, scheduled_at,
                engine, timeout_us, trace_context, number
            )
            CROSS JOIN (SELECT coalesce($1::timestamptz, now()) AS at) instant
            ORDER BY unique_key NULLS FIRST, number
            ON CONFLICT (unique_key)
                WHERE unique_key IS NOT NULL AND status IN ('QUEUED', 'SCHEDULED', 'PROCESSING')
                DO NOTHING
            RETURNING id, created_at
        )
        SELECT id, created_at, CASE WHEN $2::text IS NOT NULL THEN (SELECT pg_notify($2::text, 'jobs')) END FROM added
        """
    }
}
