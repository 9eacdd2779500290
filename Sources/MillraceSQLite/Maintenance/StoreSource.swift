internal import Foundation
internal import GRDB
internal import MillraceCore

/// The file of a store that is looked at, and never changed.
enum StoreSource {
    /// Opens a file that must be there.
    ///
    /// - Throws: `notFound` when it is not; what SQLite says when it is no database.
    static func open(_ path: String) throws -> DatabaseQueue {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw StoreError(.notFound, "there is no store at \(path)")
        }
        guard !isFolder.boolValue else {
            throw StoreError(.unavailable, "\(path) is a folder, not the file of a store")
        }
        var configuration = Configuration()
        configuration.label = "millrace maintenance"
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        do {
            return try DatabaseQueue(path: path, configuration: configuration)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
            throw StoreError(.corrupted, "\(path) is damaged or not a store of Millrace", cause: error)
        }
    }

    /// Reads one state of a file.
    static func read<Value>(_ path: String, _ body: (Database) throws -> Value) throws -> Value {
        let queue = try open(path)
        return try queue.read { db in
            try body(db)
        }
    }

    /// The version of a store's schema.
    ///
    /// - Throws: `corrupted` when the file is not a store, `newerVersion`.
    static func version(of db: Database, _ path: String) throws -> Int {
        let version: Int
        do {
            version = try Migrator(migrations: Migration.all).version(of: db)
        } catch let error as StoreError {
            throw StoreError.opening(path, error)
        }
        guard version > 0 else { throw StoreError(.corrupted, "\(path) is empty, not a store of Millrace") }
        return version
    }

    /// Complains of a file that is not a whole store of a version that this program knows.
    ///
    /// - Returns: the version of its schema.
    static func verify(_ path: String) throws -> Int {
        try read(path) { db in
            let version = try version(of: db, path)
            guard let complaint = try integrityComplaints(in: db, limit: 1).first else { return version }
            throw StoreError(.corrupted, "\(path) is damaged (\(complaint))")
        }
    }

    /// What SQLite finds wrong with the file, a line each; none for a whole one.
    static func integrityComplaints(in db: Database, limit: Int) throws -> [String] {
        try String.fetchAll(db, sql: "PRAGMA integrity_check(\(limit))")
            .flatMap { $0.split(separator: "\n").map(String.init) }
            .filter { $0 != "ok" && !$0.hasPrefix("*** in database") }
    }
}
