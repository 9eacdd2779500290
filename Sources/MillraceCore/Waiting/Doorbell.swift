internal import Synchronization

/// Wakes the one who waits; rings before the wait are remembered as one.
package final class Doorbell: Sendable {
    private enum State {
        case silent
        case rung
        case awaited(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.silent)

    /// Makes a bell that has not rung.
    package init() {}

    /// Wakes the one who waits, or who comes next.
    package func ring() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard case .awaited(let waiter) = state else {
                state = .rung
                return nil
            }
            state = .silent
            return waiter
        }
        waiter?.resume()
    }

    /// Waits for the next ring, or for the task's cancellation. For one at a time: who comes second sends the first off.
    package func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let released = state.withLock { state -> CheckedContinuation<Void, Never>? in
                    switch state {
                    case .rung:
                        state = .silent
                        return continuation
                    case .silent:
                        if Task.isCancelled { return continuation }
                        state = .awaited(continuation)
                        return nil
                    case .awaited(let earlier):
                        state = .awaited(continuation)
                        return earlier
                    }
                }
                released?.resume()
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard case .awaited(let waiter) = state else { return nil }
                state = .silent
                return waiter
            }
            waiter?.resume()
        }
    }
}
