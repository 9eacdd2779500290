import Synchronization

/// Counts the statements that read or write rows; those around a transaction do not count.
final class StatementCounter: Sendable {
    private let total = Atomic<Int>(0)

    func count(_ sql: String) {
        let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"]
        if verbs.contains(where: sql.hasPrefix) { total.add(1, ordering: .relaxed) }
    }

    var value: Int { total.load(ordering: .relaxed) }
}
