import Foundation
import MillraceCore
import MillraceSQLite
import MillraceTesting

/// A store in a folder of its own, which goes with it.
final class TemporaryStore: Sendable {
    let folder: URL
    let clock: ManualClock
    let store: SQLiteStore
    let statements: StatementCounter

    init(onStatement: (@Sendable (String) -> Void)? = nil) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-test-\(UUID())")
        let clock = ManualClock()
        let statements = StatementCounter()
        store = try SQLiteStore(
            path: folder.appendingPathComponent("millrace.db").path,
            // Nobody is to wait in vain on a machine that has much else to do.
            options: SQLiteStore.Options(
                busyTimeout: .seconds(60), clock: clock, onStatement: onStatement ?? statements.count))
        self.folder = folder
        self.clock = clock
        self.statements = statements
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }
}
