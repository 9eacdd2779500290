internal import Foundation
internal import GRDB
internal import MillraceCore

/// The file that another is about to take the place of, locked so that nobody can be at it or come to it.
final class FormerStore {
    private let path: String
    private let sibling: String
    /// The lock on a store that SQLite can read.
    private var queue: DatabaseQueue?
    /// The lock on one that is too damaged for that.
    private var descriptor: Int32 = -1

    /// Locks the file, if there is one.
    ///
    /// - Throws: `busy` when a process has it open or a worker's lease holds; `corrupted` when it is another program's.
    init(path: String, at now: Timestamp) throws {
        self.path = path
        let date = Date(timeIntervalSince1970: Double(now.microseconds) / 1_000_000)
            .formatted(.iso8601.dateSeparator(.omitted).timeSeparator(.omitted))
        sibling = "\(path).replaced-\(date)"
        guard StoreFile.Identity(of: path) != nil else { return }
        do {
            queue = try Self.lock(path, at: now)
        } catch {
            let failure = StoreError(sqlite: error, store: path)
            guard failure.code == .corrupted, !(error is StoreError) else { throw failure }
            // The reason why a backup is wanted, more often than not.
            descriptor = try Self.lockDamaged(path)
        }
    }

    deinit {
        release()
    }

    /// Lets go of the file.
    func release() {
        try? queue?.close()
        queue = nil
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Keeps the file under a second name while `replace` puts another in its place; undoes it when that fails.
    ///
    /// - Returns: the second name; `nil` when there is no file.
    func keep(while replace: () throws -> Void) throws -> String? {
        var moved: [String] = []
        do {
            // The log of a file that is gone or damaged would be taken for the new one's. That of a whole one is gone.
            for suffix in ["-wal", "-journal"] where StoreFile.Identity(of: path + suffix) != nil {
                guard rename(path + suffix, sibling + suffix) == 0 else { throw failure(errno) }
                moved.append(suffix)
            }
            unlink(path + "-shm")
            let isThere = StoreFile.Identity(of: path) != nil
            if isThere {
                // Else a file system without hard links: for a moment there is no file of the first name.
                guard link(path, sibling) == 0 || errno != EEXIST && rename(path, sibling) == 0 else {
                    throw failure(errno)
                }
                moved.append("")
            }
            try replace()
            return isThere ? sibling : nil
        } catch {
            for suffix in moved.reversed() {
                // Two names of one file are left as they are by a renaming.
                rename(sibling + suffix, path + suffix)
                unlink(sibling + suffix)
            }
            throw error
        }
    }

    private func failure(_ code: Int32) -> StoreError {
        StoreError(
            .unavailable,
            "the former store cannot be kept as \(sibling): \(String(cString: strerror(code))); nothing was replaced")
    }

    private static func busy(_ path: String) -> StoreError {
        StoreError(.busy, "another process has the store \(path) open; stop all that use it, then restore again")
    }

    private static func lock(_ path: String, at now: Timestamp) throws -> DatabaseQueue {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
            let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
            let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            guard application == Migrator.applicationID || tables == 0 else {
                throw StoreError(.corrupted, "\(path) belongs to another program; choose another file with --store")
            }
            if tables > 0, try db.tableExists("workers") {
                let until = try Int64.fetchOne(db, sql: "SELECT max(lease_until) FROM workers") ?? 0
                let remaining = Timestamp(microseconds: until) - now
                guard remaining <= .zero else {
                    throw StoreError(
                        .busy,
                        """
                        a worker's lease on the store \(path) holds for another \
                        \(Int(remaining.inSeconds.rounded(.up))) s; stop all that use it, then restore again
                        """)
                }
            }
            do {
                // Whoever has the store open holds a shared lock; only without one can its log be taken in.
                try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
                // In memory, because a journal or log beside the file would be the next one's by its name.
                try db.execute(sql: "PRAGMA journal_mode = MEMORY")
                try db.execute(sql: "BEGIN EXCLUSIVE; COMMIT")
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                throw busy(path)
            }
        }
        return queue
    }

    /// Takes the lock that SQLite takes before it changes a file: <https://www.sqlite.org/fileformat2.html#lockbyte>.
    private static func lockDamaged(_ path: String) throws(StoreError) -> Int32 {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError(.readOnly, "the store \(path) cannot be written; mend its permissions")
        }
        var range = flock()
        range.l_type = Int16(F_WRLCK)
        range.l_whence = Int16(SEEK_SET)
        range.l_start = 0x4000_0000
        range.l_len = 512
        guard fcntl(descriptor, F_SETLK, &range) == 0 else {
            close(descriptor)
            throw busy(path)
        }
        return descriptor
    }
}
