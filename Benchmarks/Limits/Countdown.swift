internal import Synchronization

/// A number of turns that many take, each once.
public final class Countdown: Sendable {
    private let left: Atomic<Int>

    /// Makes so many turns.
    public init(_ count: Int) {
        left = Atomic(count)
    }

    /// Takes a turn; `false` when there is none left.
    public func take() -> Bool {
        left.subtract(1, ordering: .relaxed).oldValue > 0
    }
}
