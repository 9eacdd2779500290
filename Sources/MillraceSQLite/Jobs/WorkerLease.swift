internal import GRDB
internal import MillraceCore

/// The rows of `workers`, on which every lease hangs.
enum WorkerLease {
    /// - Throws: `conflict` when the worker's lease does not hold.
    static func require(_ worker: WorkerID, in db: Database, at now: Timestamp) throws {
        let held = try db.rows(
            "SELECT 1 FROM workers WHERE id = ? AND lease_until > ?", [worker.sql, now.microseconds]
        ) { try $0.value(Int.self) }
        guard !held.isEmpty else {
            throw StoreError(.conflict, "worker \(worker) has no lease; it must register before it claims")
        }
    }
}
