internal import Synchronization

/// What the loops of one worker have in common.
final class SharedByLoops: Sendable {
    let occupancy = Occupancy()
    private let onEnd: @Sendable (Int) -> Void
    private let state: Mutex<(left: Int, deaf: Int)>

    /// Calls `onEnd` when the last of `count` loops has ended, with the number of items that still run.
    init(count: Int, onEnd: @escaping @Sendable (Int) -> Void) {
        self.onEnd = onEnd
        state = Mutex((count, 0))
    }

    /// Notes that a loop has ended, and left so many items running.
    func end(deaf: Int) {
        let total = state.withLock { state -> Int? in
            state.left -= 1
            state.deaf += deaf
            return state.left == 0 ? state.deaf : nil
        }
        if let total { onEnd(total) }
    }
}
