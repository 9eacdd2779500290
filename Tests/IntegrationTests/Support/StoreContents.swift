import Foundation
import GRDB

/// Looks into the file of a store from outside.
struct StoreContents: Sendable {
    let path: String

    /// Rows that stand for work or its results; 0 when there is no file.
    func workRows() async throws -> Int {
        guard FileManager.default.fileExists(atPath: path) else { return 0 }
        let tables = ["transcripts", "processing_tasks", "chunk_tasks", "processing_jobs", "cache_entries"]
        return try await number(tables.map { "(SELECT count(*) FROM \($0))" }.joined(separator: " + "))
    }

    /// Rows of a table that meet a condition.
    func count(_ table: String, where condition: String = "1") async throws -> Int {
        try await number("(SELECT count(*) FROM \(table) WHERE \(condition))")
    }

    /// Changes what is stored.
    func change(_ sql: String) async throws {
        try await queue().write { db in try db.execute(sql: sql) }
    }

    /// Chunks that are held, by a worker that began at or after a time.
    func held(since start: Date = .distantPast) async throws -> Int {
        guard FileManager.default.fileExists(atPath: path),
            try await number("(SELECT count(*) FROM sqlite_master WHERE name = 'workers')") == 1
        else { return 0 }
        let microseconds = Int(start.timeIntervalSince1970 * 1_000_000)
        return try await count(
            "chunk_tasks JOIN workers ON workers.id = worker_id",
            where: "status = 'PROCESSING' AND workers.created_at >= \(microseconds)")
    }

    /// Has the store say that it is one version older than it is.
    func forgetNewestVersion() async throws {
        try await queue().write { db in
            try db.execute(
                sql: "DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)")
        }
    }

    private func number(_ expression: String) async throws -> Int {
        try await queue(readonly: true).read { db in try Int.fetchOne(db, sql: "SELECT \(expression)") ?? 0 }
    }

    private func queue(readonly: Bool = false) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = readonly
        configuration.busyMode = .timeout(60)
        return try DatabaseQueue(path: path, configuration: configuration)
    }
}
