import Millrace
import Synchronization

/// Counts what many tasks do.
final class Tally: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add(_ number: Int) {
        count.add(number, ordering: .relaxed)
    }

    /// How many come in a second over some time, after a while.
    func rate(after pause: Duration, over time: Duration) async throws -> Double {
        try await Task.sleep(for: pause)
        let before = value
        let duration = try await ContinuousClock().measure { try await Task.sleep(for: time) }
        return Double(value - before) / duration.inSeconds
    }
}
