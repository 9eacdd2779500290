internal import Foundation
internal import GRDB
internal import MillraceCore

extension StoreError {
    /// What a failure of SQLite means to the callers of a port.
    init(sqlite error: any Error) {
        switch error {
        case let error as StoreError:
            self = error
        case is CancellationError:
            self.init(.cancelled, "cancelled before the store took the work")
        case let error as InvalidValue:
            self.init(.corrupted, "the store holds a value that makes no sense: \(error)", cause: error)
        case let error as DatabaseError:
            let (code, message) = Self.meaning(of: error.resultCode)
            self.init(code, message, cause: error)
        default:
            self.init(.unexpected, "the store failed", cause: error)
        }
    }

    /// The same, for a failure while a file was opened.
    static func opening(_ path: String, _ error: any Error) -> StoreError {
        let failure = StoreError(sqlite: error)
        return switch failure.code {
        case .corrupted where !(error is StoreError):
            StoreError(
                .corrupted, "\(path) is damaged or not a store of Millrace; choose another with --store", cause: error)
        case .newerVersion, .cancelled:
            failure
        default:
            StoreError(failure.code, "the store \(path) cannot be opened: \(failure.message)", cause: error)
        }
    }

    private static func meaning(of result: ResultCode) -> (Code, String) {
        switch result {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            (.busy, "another program has locked the store; try again when it is done")
        case .SQLITE_FULL:
            (.full, "no room is left for the store; make room and run the same command again")
        case .SQLITE_READONLY, .SQLITE_PERM:
            (.readOnly, "the store cannot be written; mend its permissions")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            (.corrupted, "the store is damaged or not a store of Millrace")
        case .SQLITE_CANTOPEN, .SQLITE_IOERR, .SQLITE_AUTH, .SQLITE_NOLFS:
            (.unavailable, "the store cannot be read or written; check the disk and the file's permissions")
        case .SQLITE_INTERRUPT, .SQLITE_ABORT:
            (.cancelled, "cancelled while the store was working; nothing was changed")
        case .SQLITE_CONSTRAINT:
            (.conflict, "another change came first; load again and retry")
        case .SQLITE_TOOBIG:
            (.invalid, "a value is too large for the store")
        default:
            (.unexpected, "the store failed")
        }
    }
}
