public import GRDB

/// Claims and settles jobs as bare statements: no port, no types, no fence but the token in the statement.
///
/// Does the row work that the store does, on a file of the same schema with the same durability: one transaction that
/// leases a batch and reads all its columns, one that settles it. The statements are prepared once.
public final class BareJobs {
    /// What a claim reads of a job.
    public struct Row {
        /// The identity, as stored.
        public var id: String
        /// The token of the lease.
        public var token: Int64
        /// The other columns, as they come.
        public var rest: [DatabaseValue]
    }

    private let database: DatabaseQueue
    private let worker: String
    private let queue: String
    private let type: String

    /// Opens a store that has been made and filled, and whose worker is registered.
    public init(path: String, worker: String, queue: String, type: String) throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        database = try DatabaseQueue(path: path, configuration: configuration)
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        self.worker = worker
        self.queue = queue
        self.type = type
    }

    /// Leases the first jobs of the queue.
    public func claim(upTo limit: Int, at now: Int64) throws -> [Row] {
        try database.inDatabase { db in
            var claimed: [Row] = []
            try db.inTransaction(.immediate) {
                let statement = try db.cachedStatement(
                    sql: """
                        UPDATE processing_jobs
                        SET status = 'PROCESSING', worker_id = ?, lease_token = lease_token + 1, started_at = ?,
                            updated_at = ?
                        WHERE id IN (
                            SELECT id FROM processing_jobs
                            WHERE status = 'QUEUED' AND queue_name = ? AND job_type = ? AND engine IS NULL
                            ORDER BY priority DESC, created_at, id LIMIT ?
                        )
                        RETURNING id, lease_token, queue_name, transcript_id, job_type, payload, priority, status,
                            retry_count, max_retries, crashes, worker_id, unique_key, created_at, scheduled_at,
                            started_at, completed_at, updated_at, error_message, result
                        """)
                let rows = try GRDB.Row.fetchCursor(statement, arguments: [worker, now, now, queue, type, limit])
                while let row = try rows.next() {
                    claimed.append(
                        Row(id: row[0], token: row[1], rest: (2..<row.count).map { row[$0] as DatabaseValue }))
                }
                return .commit
            }
            return claimed
        }
    }

    /// Completes jobs by the tokens of their leases.
    ///
    /// - Returns: how many it completed.
    public func settle(_ jobs: [Row], result: String, at now: Int64) throws -> Int {
        try database.inDatabase { db in
            var settled = 0
            try db.inTransaction(.immediate) {
                let statement = try db.cachedStatement(
                    sql: """
                        UPDATE processing_jobs
                        SET status = 'COMPLETED', worker_id = NULL, lease_token = lease_token + 1, completed_at = ?,
                            updated_at = ?, result = ?
                        WHERE id = ? AND lease_token = ? AND status = 'PROCESSING'
                        """)
                for job in jobs {
                    try statement.execute(arguments: [now, now, result, job.id, job.token])
                    settled += db.changesCount
                }
                return .commit
            }
            return settled
        }
    }
}
