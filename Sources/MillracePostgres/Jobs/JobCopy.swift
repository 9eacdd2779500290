internal import MillraceCore

/// Sends many jobs by COPY, which cannot pass over unique keys that are taken, nor compare times.
struct JobCopy: Sendable {
    /// From so many rows on COPY is faster than an `INSERT`.
    private static let worthwhile = 300

    private let sql: String
    private let channel: String

    init(schema: String, channel: String) {
        self.channel = channel
        sql = """
            COPY \(schema).processing_jobs (
                id, queue_name, transcript_id, job_type, payload, priority, max_retries, engine, timeout_us,
                trace_context
            ) FROM STDIN (FORMAT binary)
            """
    }

    static func suits(_ requests: [JobRequest]) -> Bool {
        requests.count >= worthwhile && requests.allSatisfy { $0.uniqueKey == nil && $0.scheduledAt == nil }
    }

    /// Inserts all requests, made at the time of the caller's transaction by the server's clock.
    ///
    /// With `isAnnounced` those who wait are woken when it commits, as by ``JobInsert``.
    func insert(
        _ requests: [JobRequest], ids: [JobID], isAnnounced: Bool, in connection: PostgresConnection
    ) async throws -> EnqueueReceipt {
        _ = try await connection.copyIn(sql, rows: zip(ids, requests)) { line, row in
            let (id, request) = line
            row.append(.id(id))
            row.append(.text(request.queueName.name))
            row.append(.id(request.transcriptID))
            row.append(.text(request.type.name))
            row.append(.json(request.payload.text))
            row.append(.int2(Int16(request.priority.rawValue)))
            row.append(.int8(Int64(request.maxRetries ?? QueueSettings.standardMaxRetries)))
            row.append(.text(request.engine?.description))
            row.append(.int8(request.timeout?.wholeMicroseconds))
            row.append(.json(try JobInsert.trace(request)))
        }
        let times = try await connection.rows(
            "SELECT now(), CASE WHEN $1::text IS NOT NULL THEN pg_notify($1, 'jobs') END",
            [.text(isAnnounced ? channel : nil)]
        ) { try $0.time() }
        return EnqueueReceipt(ids: ids, skipped: [], createdAt: times.first)
    }
}
