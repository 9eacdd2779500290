internal import Foundation
internal import GRDB
public import MillraceCore

/// Everything that a store in a file holds, read for another store while nobody may change it.
///
/// From ``open(path:clock:)`` to ``close()`` other processes can read the store, and wait when they want to write.
public final class SQLiteExport: Sendable {
    /// The absolute path of the file, behind symbolic links.
    public let path: String
    private let queue: DatabaseQueue

    private init(path: String, queue: DatabaseQueue) {
        self.path = path
        self.queue = queue
    }

    /// Opens a store that must be there, and keeps others from writing to it.
    ///
    /// One of an older version is brought to the present one first.
    ///
    /// - Throws: `busy` when a worker's lease holds, or another process keeps writing; `notFound`, `corrupted`,
    ///   `newerVersion` and others.
    public static func open(
        path: String, clock: any WallClock = SystemWallClock()
    ) async throws(StoreError) -> SQLiteExport {
        let maintenance = SQLiteMaintenance(path: path, clock: clock)
        _ = try await maintenance.open()
        return try await FileWork.run(on: maintenance.path) { [path = maintenance.path] _ in
            var configuration = Configuration()
            configuration.label = "millrace export"
            configuration.busyMode = .timeout(5)
            // The transaction outlives the block in which it begins.
            configuration.allowsUnsafeTransactions = true
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                try db.beginTransaction(.immediate)
                let until = try Int64.fetchOne(db, sql: "SELECT max(lease_until) FROM workers") ?? 0
                guard until <= clock.now().microseconds else {
                    try db.rollback()
                    throw StoreError(
                        .busy, "a worker's lease on the store \(path) holds; stop what works on it, and try again")
                }
            }
            return SQLiteExport(path: path, queue: queue)
        }
    }

    /// Reads the rows of a table behind a key, in order, from the first for `nil`: some megabytes of them, or what is
    /// left, or none.
    public func rows(of table: StoreTable, after key: StoreValue?) async throws(StoreError) -> [[StoreValue]] {
        try await FileWork.run(on: path) { [queue] cancellation in
            try queue.writeWithoutTransaction { db in
                let order = table.columns[0].name
                let columns = table.columns.map { Self.expression($0.name, of: table.name) }.joined(separator: ", ")
                let behind = key == nil ? "" : "WHERE \(order) > ?"
                let statement = try db.cachedStatement(
                    sql: "SELECT \(columns) FROM \(table.name) \(behind) ORDER BY \(order)")
                let cursor = try Row.fetchCursor(
                    statement, arguments: key.map { [Self.argument($0)] } ?? [])
                var rows: [[StoreValue]] = []
                var bytes = 0
                while bytes < Self.batchBytes, let row = try cursor.next() {
                    var reader = RowReader(row)
                    let values = try table.columns.map { try Self.value($0.kind, &reader) }
                    bytes += values.reduce(0) { $0 + $1.size }
                    rows.append(values)
                }
                try cancellation.check()
                return rows
            }
        }
    }

    /// The version of the value that was last put into the cache.
    public func cacheVersion() async throws(StoreError) -> Int64 {
        try await FileWork.run(on: path) { [queue] _ in
            try queue.writeWithoutTransaction { db in
                try Int64.fetchOne(
                    db, sql: "SELECT CAST(value AS INTEGER) FROM store_state WHERE name = 'cache_version'") ?? 0
            }
        }
    }

    /// Lets others write again; the store is as it was.
    public func close() async {
        _ = try? await FileWork.run(on: path) { [queue] _ in
            try queue.writeWithoutTransaction { db in if db.isInsideTransaction { try db.rollback() } }
            try queue.close()
        }
    }

    private static let batchBytes = 4 << 20

    /// What stands for a column where the file has it otherwise.
    private static func expression(_ column: String, of table: String) -> String {
        switch (table, column) {
        case ("chunk_tasks", "audio"): "(SELECT flac FROM chunk_audio WHERE chunk_id = chunk_tasks.id)"
        case ("cache_entries", "accessed_at"): "coalesce(accessed_at, created_at)"
        default: column
        }
    }

    private static func argument(_ key: StoreValue) -> (any DatabaseValueConvertible)? {
        switch key {
        case .id(let id): id.uuidString.lowercased()
        case .text(let text): text
        case .integer(let number): number
        default: nil
        }
    }

    private static func value(_ kind: StoreTable.Column.Kind, _ row: inout RowReader) throws -> StoreValue {
        switch kind {
        case .integer: try row.optional(Int64.self).map(StoreValue.integer) ?? .null
        case .real: try row.optionalNumber().map(StoreValue.real) ?? .null
        case .flag: try row.optional(Bool.self).map(StoreValue.flag) ?? .null
        case .text: try row.optional(String.self).map(StoreValue.text) ?? .null
        case .time: try row.optionalTime().map(StoreValue.time) ?? .null
        case .json: try row.optional(String.self).map { .json(JSONText(stored: $0)) } ?? .null
        case .bytes: try row.optional(Data.self).map { .bytes(Array($0)) } ?? .null
        case .id:
            try row.optional(String.self).map { text in
                guard let id = UUID(uuidString: text) else { throw InvalidValue("identifier", "is not a UUID") }
                return .id(id)
            } ?? .null
        }
    }
}
