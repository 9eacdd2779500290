internal import Foundation
internal import GRDB
internal import MillraceCore
internal import MillraceSQLite

/// The effects of jobs in a SQLite file.
struct SQLiteEffectStore: EffectStore {
    private let store: SQLiteStore
    private let queue: SQLiteJobQueueRepository

    init(path: String) throws {
        store = try SQLiteStore(path: path, options: SQLiteStore.Options(busyTimeout: .seconds(30)))
        queue = SQLiteJobQueueRepository(store)
    }

    var jobs: any JobQueueRepository { queue }
    var processings: any ProcessingRepository { SQLiteProcessingRepository(store) }
    var transcripts: any TranscriptRepository { SQLiteTranscriptRepository(store) }
    var cache: any CacheStore { SQLiteCacheStore(store) }

    func prepare() async throws {
        try await store.transaction { db in
            try db.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS soak_effects (job_id TEXT NOT NULL, process_id INTEGER NOT NULL) STRICT
                    """)
        }
    }

    func note(_ job: JobID) async throws {
        try await store.transaction { db in try Self.note(job, in: db) }
    }

    func noteAndSettle(_ job: Job) async throws {
        try await store.transaction { [queue] db in
            try Self.note(job.id, in: db)
            let lost = try queue.settle([JobSettlement(job, .completed(result: nil))], in: db)
            guard lost.isEmpty else { throw EffectHandler.LeaseLost(job: job.id) }
        }
    }

    private static func note(_ job: JobID, in db: Database) throws {
        try db.execute(
            sql: "INSERT INTO soak_effects (job_id, process_id) VALUES (?, ?)", arguments: ["\(job)", getpid()])
    }

    func counts() async throws -> (effects: Int, jobs: Int) {
        try await store.transaction { db in
            let row = try Row.fetchOne(db, sql: "SELECT count(*), count(DISTINCT job_id) FROM soak_effects")
            return (row?[0] ?? 0, row?[1] ?? 0)
        }
    }

    func close() async {}
}
