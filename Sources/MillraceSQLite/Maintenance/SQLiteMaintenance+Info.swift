internal import Foundation
internal import GRDB
public import MillraceCore

extension SQLiteMaintenance {
    /// Counts what the store holds, without changing it.
    public func info() async throws(StoreError) -> StoreInfo {
        let now = clock.now()
        return try await FileWork.run(on: path) { [path] _ in
            try StoreSource.read(path) { db in
                let version = try StoreSource.version(of: db, path)
                return try Self.info(path, version: version, in: db, at: now)
            }
        }
    }

    private static func info(_ path: String, version: Int, in db: Database, at now: Timestamp) throws -> StoreInfo {
        func number(_ sql: String, _ arguments: StatementArguments = []) throws -> Int64? {
            try Int64.fetchOne(db, sql: sql, arguments: arguments)
        }
        func ends(_ function: String) throws -> [Timestamp] {
            // Identities ascend with time, and the primary key has their ends at hand.
            try ["processing_jobs", "transcripts"].compactMap { table in
                try number("SELECT created_at FROM \(table) WHERE id = (SELECT \(function)(id) FROM \(table))")
            }
            .map(Timestamp.init(microseconds:))
        }
        let pageSize = try number("PRAGMA page_size") ?? 0
        return StoreInfo(
            path: path,
            storeID: try String.fetchOne(db, sql: "SELECT value FROM store_state WHERE name = 'store_id'") ?? "",
            schemaVersion: version, fileBytes: bytes(of: path), journalBytes: bytes(of: path + "-wal"),
            freeBytes: try (number("PRAGMA freelist_count") ?? 0) * pageSize,
            jobs: try counts("processing_jobs", in: db), processings: try counts("processing_tasks", in: db),
            chunks: try counts("chunk_tasks", in: db), transcripts: try counts("transcripts", in: db),
            cacheEntries: Int(
                try number("SELECT count(*) FROM cache_entries WHERE expires_at > ?", [now.microseconds]) ?? 0),
            expiredCacheEntries: Int(
                try number("SELECT count(*) FROM cache_entries WHERE expires_at <= ?", [now.microseconds]) ?? 0),
            // Stores of older versions have none.
            samples: try db.tableExists("metrics") ? Int(number("SELECT count(*) FROM metrics") ?? 0) : 0,
            oldest: try ends("min").min(), newest: try ends("max").max(),
            workers: Int(try number("SELECT count(*) FROM workers WHERE lease_until > ?", [now.microseconds]) ?? 0))
    }

    private static func counts<Status: RawRepresentable & Hashable>(
        _ table: String, in db: Database
    ) throws -> [Status: Int] where Status.RawValue == String {
        let rows = try db.rows("SELECT status, count(*) FROM \(table) GROUP BY status", []) { row in
            (try row.choice(Status.self), try row.value(Int.self))
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    private static func bytes(of path: String) -> Int64 {
        var facts = stat()
        return stat(path, &facts) == 0 ? Int64(facts.st_size) : 0
    }
}
