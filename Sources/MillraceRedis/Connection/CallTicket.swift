internal import Synchronization

/// Lets a task find its calls again, to give them up.
final class CallTicket: Sendable {
    private enum State {
        case new
        case taken(Range<UInt64>)
        case givenUp
    }

    private let state = Mutex(State.new)

    /// Whether the task has given up already.
    var isGivenUp: Bool {
        state.withLock { if case .givenUp = $0 { true } else { false } }
    }

    /// Notes the numbers of the calls.
    ///
    /// - Returns: whether the task will find them; else it has given up meanwhile.
    func note(_ ids: Range<UInt64>) -> Bool {
        state.withLock { state in
            guard case .new = state else { return false }
            state = .taken(ids)
            return true
        }
    }

    /// Gives up.
    ///
    /// - Returns: the numbers, if there are any yet.
    func giveUp() -> Range<UInt64>? {
        state.withLock { state in
            defer { state = .givenUp }
            if case .taken(let ids) = state { return ids } else { return nil }
        }
    }
}
