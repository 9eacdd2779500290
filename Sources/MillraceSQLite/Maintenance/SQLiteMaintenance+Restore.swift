internal import Foundation
internal import GRDB
public import MillraceCore

extension SQLiteMaintenance {
    /// Puts a copy of the backup in the place of the store, and keeps the former file beside it.
    ///
    /// The backup is verified first, and stays as it is; it may also be another store, with its log. The copy gets a new
    /// identity, because what others remember of the store by its old one (keys of a cache in Redis, for one) is not of
    /// this state; workers in it have no lease any more, so what they held is taken up at once.
    ///
    /// - Throws: `notFound`, `corrupted`, `newerVersion` when the backup is not good; `busy` when a process has the store
    ///   open or a lease of one that is gone still holds; `full`, `readOnly`. Nothing has changed then.
    public func restore(from backup: String) async throws(StoreError) -> StoreCopy {
        let backup = StoreFile.absolute(backup)
        let clock = clock
        return try await FileWork.run(on: path) { [path] cancellation in
            if let identity = StoreFile.Identity(of: backup), StoreFile.Identity(of: path) == identity {
                throw StoreError(.invalid, "the backup and the store are the same file; name the store with --store")
            }
            let partial = try Self.prepare(backup, for: path, at: clock.now(), cancellation)
            let version = try StoreSource.verify(partial.path)
            let former = try FormerStore(path: path, at: clock.now())
            try cancellation.check()
            let kept = try former.keep { try partial.publish(replacing: true) }
            former.release()
            return StoreCopy(path: path, bytes: partial.size(), schemaVersion: version, formerFile: kept)
        }
    }

    /// A copy of the backup, ready to become the store.
    private static func prepare(
        _ backup: String, for path: String, at now: Timestamp, _ cancellation: FileWork.Cancellation
    ) throws -> PartialFile {
        // Before anything is made at the place of the store.
        do {
            _ = try StoreSource.verify(backup)
        } catch let error as DatabaseError {
            throw StoreError(.corrupted, "\(backup) is damaged; choose another backup", cause: error)
        }
        let source = try StoreSource.open(backup)
        try StoreFile.makeFolder(of: path)
        let partial = try PartialFile(for: path)
        try copy(source, to: partial.path, cancellation)
        try DatabaseQueue(path: partial.path).write { db in
            try db.execute(sql: "UPDATE store_state SET value = lower(hex(randomblob(16))) WHERE name = 'store_id'")
            try db.execute(
                sql: "UPDATE workers SET lease_until = ? WHERE lease_until > ?",
                arguments: [now.microseconds, now.microseconds])
        }
        return partial
    }
}
