internal import Foundation
internal import GRDB
internal import MillraceCore
internal import MillraceSQLite

/// What jobs have done, in a table beside them in the store's file. No key forbids that a job is written twice, so that
/// it shows.
struct EffectLog: Sendable {
    let store: SQLiteStore

    /// Makes the table, unless it is there.
    func prepare() async throws {
        try await store.transaction { db in
            try db.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS soak_effects (job_id TEXT NOT NULL, process_id INTEGER NOT NULL) STRICT
                    """)
        }
    }

    /// Notes in a transaction that this process does what a job asks for.
    func note(_ job: JobID, in db: Database) throws {
        try db.execute(
            sql: "INSERT INTO soak_effects (job_id, process_id) VALUES (?, ?)",
            arguments: ["\(job)", getpid()])
    }

    /// The effects, and the jobs that have any.
    func counts() async throws -> (effects: Int, jobs: Int) {
        try await store.transaction { db in
            let row = try Row.fetchOne(db, sql: "SELECT count(*), count(DISTINCT job_id) FROM soak_effects")
            return (row?[0] ?? 0, row?[1] ?? 0)
        }
    }
}
