import Synchronization

/// Counts the statements that a store runs.
final class StatementCounter: Sendable {
    private let total = Atomic<Int>(0)

    func count() {
        total.add(1, ordering: .relaxed)
    }

    var value: Int { total.load(ordering: .relaxed) }
}
