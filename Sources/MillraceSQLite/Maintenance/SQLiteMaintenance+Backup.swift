internal import Foundation
internal import GRDB
public import MillraceCore

extension SQLiteMaintenance {
    /// Copies the store as it is at one moment, however busy it is; whoever writes to it does not wait.
    ///
    /// The copy is one file with mode 0600, whole and verified before it gets its name. Until then a file of that name
    /// stays, and when something goes wrong nothing is left behind.
    ///
    /// - Throws: `conflict` when there is a file of that name and it may not be replaced; `invalid` when that file is a
    ///   store in use; `full`, `readOnly`, `unavailable`; `corrupted` when the store itself is damaged.
    public func backup(to target: String, replacing: Bool = false) async throws(StoreError) -> StoreCopy {
        let target = StoreFile.absolute(target)
        return try await FileWork.run(on: path) { [path] cancellation in
            let source = try StoreSource.open(path)
            try Self.require(target, isFree: !replacing, besides: path)
            let partial = try PartialFile(for: target)
            try Self.copy(source, to: partial.path, cancellation)
            let version = try Self.verified(partial.path, copyOf: path)
            let copy = StoreCopy(path: target, bytes: partial.size(), schemaVersion: version)
            try cancellation.check()
            try partial.publish(replacing: replacing)
            return copy
        }
    }

    private static func require(_ target: String, isFree: Bool, besides path: String) throws(StoreError) {
        let companions = [path, path + "-wal", path + "-shm", path + "-journal"]
        guard let identity = StoreFile.Identity(of: target) else { return }
        guard !companions.contains(where: { StoreFile.Identity(of: $0) == identity }) else {
            throw StoreError(.invalid, "a store cannot be copied onto itself; choose another file")
        }
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: target, isDirectory: &isFolder)
        guard !isFolder.boolValue else { throw StoreError(.invalid, "\(target) is a folder; name the file to write") }
        guard !isFree else { throw StoreError(.conflict, "\(target) exists already") }
        // Others have it open, and its journal would be taken for the copy's.
        guard StoreFile.Identity(of: target + "-wal") == nil else {
            throw StoreError(.invalid, "\(target) is a store in use; choose another file")
        }
    }

    /// Copies a database page by page out of one read transaction, so that nothing that is written meanwhile gets in.
    static func copy(
        _ source: DatabaseQueue, to path: String, _ cancellation: FileWork.Cancellation
    ) throws {
        let target = try DatabaseQueue(path: path)
        do {
            try target.writeWithoutTransaction { copy in
                // A copy that is broken off is thrown away; a whole one is put on the disk at the end.
                try copy.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
                try source.read { db in
                    // The transaction begins with the first read.
                    _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master")
                    try db.backup(to: copy, pagesPerStep: 1_024) { _ in try cancellation.check() }
                }
                // One file, without a log beside it.
                try copy.execute(sql: "PRAGMA journal_mode = DELETE")
            }
            try target.close()
        } catch let error where StoreError(sqlite: error, store: path).code == .full {
            throw StoreError(.full, "no room is left for the copy; make room or choose another place", cause: error)
        }
    }

    private static func verified(_ copy: String, copyOf path: String) throws -> Int {
        do {
            return try StoreSource.verify(copy)
        } catch {
            let failure = StoreError(sqlite: error, store: path)
            guard failure.code == .corrupted else { throw failure }
            throw StoreError(
                .corrupted,
                "\(path) is not whole, and a copy of it would not be either; see millrace store check", cause: error)
        }
    }
}
