import GRDB
import Synchronization

/// The statements that a store has run, each once.
final class StatementLog: Sendable {
    private let seen = Mutex<Set<String>>([])

    func add(_ sql: String) {
        let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"]
        if verbs.contains(where: sql.hasPrefix), !sql.contains("sqlite_master") {
            seen.withLock { _ = $0.insert(sql) }
        }
    }

    func clear() { seen.withLock { $0 = [] } }

    var statements: [String] { seen.withLock { $0.sorted() } }

    /// How SQLite answers a statement, a line a step.
    static func plan(for statement: String, in database: DatabaseQueue) async throws -> [String] {
        try await database.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + statement, arguments: nothing(for: statement))
                .map { $0["detail"] as String }
        }
    }

    /// NULL for every argument of a statement: the plan does not depend on them.
    private static func nothing(for sql: String) -> StatementArguments {
        let named = Set(sql.matches(of: /:[a-zA-Z0-9]+/).map { String($0.output) })
        let count = named.isEmpty ? sql.count { $0 == "?" } : named.count
        return StatementArguments(Array(repeating: Int?.none, count: count))
    }
}
