internal import Synchronization

/// Claims and settles jobs by bare statements in a loop, each thread on a blocking connection of its own.
///
/// Does the row work that the store does, on the same tables: one statement leases a batch from one group of jobs and
/// returns all columns, one settles it by the tokens. Claims go on behind the last job that was claimed. That is all:
/// no lease of the worker, no other group, nothing that is due, no order in which rows are locked, no value made of a
/// row.
public final class BarePostgresJobs: Sendable {
    private final class Session: Sendable {
        let connection: Mutex<BareConnection>

        init(_ connection: sending BareConnection) {
            self.connection = Mutex(connection)
        }
    }

    /// The group of jobs that is worked on.
    public struct Group: Sendable {
        var queue: String
        var type: String
        var priority: Int

        /// Names a group.
        public init(queue: String, type: String, priority: Int) {
            self.queue = queue
            self.type = type
            self.priority = priority
        }
    }

    private let group: Group
    private let worker: String
    private let result: String
    private let sessions: [Session]
    private let cursor = Mutex(BareCursor())

    /// Connects so often to a store whose worker is registered.
    public init(
        _ url: String, schema: String, connections: Int, worker: String, group: Group, result: String
    ) throws {
        self.worker = worker
        self.group = group
        self.result = result
        let statements = ["claim": Self.claim(schema), "settle": Self.settle(schema)]
        sessions = try (0..<connections).map { _ in Session(try BareConnection(url, statements: statements)) }
    }

    /// Claims and settles batches of one size.
    ///
    /// - Returns: how many jobs were settled.
    public func run(batches: Int, of size: Int) async throws -> Int {
        let left = Countdown(batches)
        return try await onThreads(sessions.count) { [self] index in
            try sessions[index].connection.withLock { connection in
                var settled = 0
                while left.take() {
                    let claimed = try claim(size, on: connection)
                    settled += try settle(claimed, on: connection)
                }
                return settled
            }
        }
    }

    private func claim(_ size: Int, on connection: BareConnection) throws -> BareConnection.Rows {
        let position = cursor.withLock { $0 }
        let claimed = try connection.run(
            "claim",
            [
                .text(worker), .text(group.queue), .text(group.type), .text("\(group.priority)"),
                .binary(position.time), .binary(position.id), .text("\(size)"),
            ])
        // They come in no order, and threads end in none.
        var last = position
        for row in 0..<claimed.count {
            last = max(last, BareCursor(time: claimed.bytes(row, 2), id: claimed.bytes(row, 0)))
        }
        cursor.withLock { $0 = max($0, last) }
        return claimed
    }

    private func settle(_ claimed: BareConnection.Rows, on connection: BareConnection) throws -> Int {
        var ids = BareArray(of: .uuid, count: claimed.count)
        var tokens = BareArray(of: .int8, count: claimed.count)
        var results = BareArray(of: .jsonb, count: claimed.count)
        // The version of the format stands before the text.
        let result = [1] + Array(result.utf8)
        for row in 0..<claimed.count {
            ids.append(claimed.bytes(row, 0))
            tokens.append(claimed.bytes(row, 1))
            results.append(result)
        }
        return try connection.run(
            "settle", [.binary(ids.bytes), .binary(tokens.bytes), .binary(results.bytes)]
        ).count
    }

    private static func claim(_ schema: String) -> String {
        """
        WITH taken AS MATERIALIZED (
            SELECT ctid AS place FROM \(schema).processing_jobs
            WHERE status = 'QUEUED' AND queue_name = $2::text AND job_type = $3::text AND coalesce(engine, '') = ''
              AND priority = $4::smallint AND (created_at, id) > ($5::timestamptz, $6::uuid)
            ORDER BY created_at, id LIMIT $7::bigint FOR UPDATE SKIP LOCKED
        )
        UPDATE \(schema).processing_jobs
        SET status = 'PROCESSING', worker_id = $1::uuid, lease_token = lease_token + 1, started_at = now(),
            updated_at = now()
        FROM taken WHERE processing_jobs.ctid = taken.place
        RETURNING id, lease_token, created_at, queue_name, transcript_id, job_type, payload, priority, status,
            retry_count, max_retries, crashes, worker_id, unique_key, scheduled_at, started_at, completed_at,
            updated_at, error_message, result, awaits, engine, timeout_us, trace_context
        """
    }

    private static func settle(_ schema: String) -> String {
        """
        UPDATE \(schema).processing_jobs AS job
        SET status = 'COMPLETED', worker_id = NULL, lease_token = job.lease_token + 1, completed_at = now(),
            updated_at = now(), result = line.result
        FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[]) AS line (id, token, result)
        WHERE job.id = line.id AND job.lease_token = line.token
        RETURNING job.id
        """
    }
}
