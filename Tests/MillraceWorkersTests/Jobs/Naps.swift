import Synchronization

/// Says three times that it is time to sleep.
final class Naps: Sendable {
    private let left = Mutex(3)

    func take() -> Bool {
        left.withLock { left in
            left -= 1
            return left >= 0
        }
    }
}
