internal import GRDB
public import MillraceCore

extension SQLiteJobQueueRepository {
    /// Workers whose lease ended so long ago are forgotten when another registers.
    private static let memory = Duration.seconds(3_600)

    /// Makes a worker known.
    public func register(
        _ id: WorkerID, process: ProcessIdentity?, leasedFor duration: Duration
    ) async throws(StoreError) {
        let clock = store.clock
        try await store.write { db in
            let now = clock.now()
            try db.run("DELETE FROM workers WHERE lease_until < ?", [(now - Self.memory).microseconds])
            try db.run(
                """
                INSERT INTO workers (id, process, created_at, lease_until) VALUES (:id, :process, :now, :until)
                ON CONFLICT (id) DO UPDATE SET process = excluded.process, lease_until = excluded.lease_until
                """,
                [
                    "id": id.sql, "process": try process.map { try json($0) }, "now": now.microseconds,
                    "until": (now + duration).microseconds,
                ])
        }
    }

    /// Renews a worker's lease: one row, however much it holds.
    public func renew(_ id: WorkerID, leasedFor duration: Duration) async throws(StoreError) -> Bool {
        let clock = store.clock
        return try await store.write { db in
            let now = clock.now()
            return try db.run(
                "UPDATE workers SET lease_until = ? WHERE id = ? AND lease_until > ?",
                [(now + duration).microseconds, id.sql, now.microseconds]) == 1
        }
    }

    /// Ends a worker's lease now.
    public func retire(_ id: WorkerID) async throws(StoreError) {
        let clock = store.clock
        try await store.write { db in
            let now = clock.now().microseconds
            _ = try db.run("UPDATE workers SET lease_until = ? WHERE id = ? AND lease_until > ?", [now, id.sql, now])
        }
    }

    /// Reads what a worker holds from the index of held jobs.
    public func leases(of worker: WorkerID) async throws(StoreError) -> [JobID: LeaseToken] {
        try await store.read { db in
            let held = try db.rows(
                "SELECT id, lease_token FROM processing_jobs WHERE worker_id = ? AND status = 'PROCESSING'",
                [worker.sql]
            ) { (try $0.id(JobID.self), try $0.token()) }
            return Dictionary(uniqueKeysWithValues: held)
        }
    }

    /// Reads the workers whose lease holds.
    public func workers() async throws(StoreError) -> [Worker] {
        let clock = store.clock
        return try await store.read { db in
            try db.rows(
                "SELECT id, process, lease_until FROM workers WHERE lease_until > ? ORDER BY id",
                [clock.now().microseconds]
            ) { row in
                let id = try row.id(WorkerID.self)
                let process = try row.optional(String.self).map { text in
                    try JSONText(stored: text).decode(ProcessIdentity.self)
                }
                return Worker(id: id, process: process, leasedUntil: try row.time())
            }
        }
    }
}
