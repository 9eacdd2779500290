internal import Foundation
internal import GRDB
internal import MillraceCore

extension StoreError {
    /// What a failure of SQLite means to the callers of a port. The message names the file.
    init(sqlite error: any Error, store path: String) {
        switch error {
        case let error as StoreError:
            self = error
        case is CancellationError:
            self.init(.cancelled, "cancelled before the store took the work")
        case let error as InvalidValue:
            self.init(
                .corrupted,
                "the store \(path) holds a value that makes no sense: \(error); millrace store check tells where",
                cause: error)
        case let error as DatabaseError:
            let (code, message) = Self.meaning(of: error.extendedResultCode, path)
            self.init(code, message, cause: error)
        default:
            self.init(.unexpected, "the store \(path) failed", cause: error)
        }
    }

    /// The same, for a failure while a file was opened.
    static func opening(_ path: String, _ error: any Error) -> StoreError {
        switch error {
        case let error as DatabaseError where error.resultCode == .SQLITE_NOTADB:
            return StoreError(
                .corrupted, "\(path) is damaged or not a store of Millrace; choose another with --store", cause: error)
        case let error as StoreError where error.code == .corrupted && !error.message.contains(path):
            return StoreError(.corrupted, "the store \(path) cannot be opened: \(error.message)", cause: error.cause)
        case let error as StoreError where [.newerVersion, .olderVersion].contains(error.code):
            return StoreError(error.code, "\(path): \(error.message)", cause: error.cause)
        default:
            return StoreError(sqlite: error, store: path)
        }
    }

    private static func meaning(of result: ResultCode, _ path: String) -> (Code, String) {
        // A code of the first kind stands for all that refine it.
        switch result {
        case .SQLITE_IOERR_SHORT_READ, .SQLITE_IOERR_READ, .SQLITE_IOERR_CORRUPTFS, .SQLITE_IOERR_DATA:
            return (.corrupted, "the store \(path) cannot be read to its end; \(afterDamage)")
        // A quota, or no room for the index of the log, is not told apart from a disk that fails.
        case .SQLITE_IOERR_WRITE, .SQLITE_IOERR_FSYNC, .SQLITE_IOERR_DIR_FSYNC, .SQLITE_IOERR_TRUNCATE,
            .SQLITE_IOERR_SHMSIZE, .SQLITE_IOERR_SHMOPEN, .SQLITE_IOERR_SHMMAP:
            return (.full, "the store \(path) cannot be written to the disk; make room there, or check the disk")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return (.busy, "another program has locked the store \(path); try again when it is done")
        case .SQLITE_FULL:
            return (.full, "no room is left for the store \(path); make room on its disk")
        case .SQLITE_READONLY, .SQLITE_PERM:
            return (.readOnly, "the store \(path) cannot be written; mend its permissions")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return (.corrupted, "the store \(path) is damaged; \(afterDamage)")
        case .SQLITE_CANTOPEN, .SQLITE_IOERR, .SQLITE_AUTH, .SQLITE_NOLFS:
            return (
                .unavailable,
                "the store \(path) cannot be opened, read or written; check the disk, the file and its folder"
            )
        case .SQLITE_INTERRUPT, .SQLITE_ABORT:
            return (.cancelled, "cancelled while the store was working; nothing was changed")
        case .SQLITE_CONSTRAINT:
            return (.conflict, "another change came first; load again and retry")
        case .SQLITE_TOOBIG:
            return (.invalid, "a value is too large for the store")
        default:
            return (.unexpected, "the store \(path) failed")
        }
    }

    private static let afterDamage =
        "millrace store check tells where, millrace store restore brings back a backup"
}
