import GRDB
import MillraceCore
import Testing

@testable import MillraceSQLite

@Suite("A failure of SQLite")
struct FailureMeaningTests {
    enum Course: Sendable { case goesOn, stops, fails }

    @Test(
        "names the file and what to do, and tells whether work goes on when it passes or stops until it is mended",
        arguments: [
            (ResultCode.SQLITE_BUSY, Course.goesOn, "another program has locked"),
            (.SQLITE_BUSY_SNAPSHOT, .goesOn, "another program has locked"),
            (.SQLITE_FULL, .goesOn, "make room"), (.SQLITE_IOERR_WRITE, .goesOn, "make room there, or check the disk"),
            (.SQLITE_IOERR_FSYNC, .goesOn, "check the disk"), (.SQLITE_IOERR_SHMSIZE, .goesOn, "make room"),
            (.SQLITE_CANTOPEN, .goesOn, "check the disk, the file and its folder"),
            (.SQLITE_IOERR_LOCK, .goesOn, "check the disk"), (.SQLITE_IOERR_READ, .stops, "millrace store check"),
            (.SQLITE_IOERR_SHORT_READ, .stops, "millrace store restore"),
            (.SQLITE_IOERR_CORRUPTFS, .stops, "millrace store restore"),
            (.SQLITE_CORRUPT, .stops, "millrace store check"), (.SQLITE_CORRUPT_INDEX, .stops, "millrace store check"),
            (.SQLITE_NOTADB, .stops, "millrace store restore"), (.SQLITE_READONLY, .stops, "mend its permissions"),
            (.SQLITE_READONLY_DBMOVED, .stops, "mend its permissions"), (.SQLITE_PERM, .stops, "mend its permissions"),
            (.SQLITE_ERROR, .fails, "failed"),
        ])
    func meaning(code: ResultCode, course: Course, says: String) {
        let error = StoreError(
            sqlite: DatabaseError(resultCode: code, message: "secret", sql: "SELECT secret"), store: "/data/m.db")
        #expect(error.message.contains("/data/m.db"))
        #expect(error.message.contains(says), "\(error)")
        #expect(!error.message.contains("secret"))
        #expect(error.isRetryable == (course == .goesOn))
        #expect(error.needsMending == (course == .stops))
    }
}
