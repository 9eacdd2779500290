internal import MillraceCore
internal import Synchronization

/// One who waits for a job.
final class RedisJobEndListener: JobEndListening {
    private enum State {
        case silent
        case rung
        case awaited(CheckedContinuation<Void, Never>)
    }

    private let id: JobID
    private let number: UInt64
    private let ends: RedisJobEnds
    private let state = Mutex(State.silent)
    private let reminded: Mutex<ContinuousClock.Instant>

    init(_ id: JobID, number: UInt64, ends: RedisJobEnds) {
        self.id = id
        self.number = number
        self.ends = ends
        reminded = Mutex(.now)
    }

    func wait() async -> JobEnd? {
        let isReminderDue = reminded.withLock { last in
            guard last + RedisJobEnds.reminderInterval < .now else { return false }
            last = .now
            return true
        }
        if isReminderDue { await ends.remind(of: id) }
        await ringing()
        return Task.isCancelled ? nil : await ends.end(of: id)
    }

    func stop() {
        ends.remove(id, number: number)
    }

    /// Says that the job may have ended.
    func ring() {
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

    private func ringing() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if case .rung = state {
                        state = .silent
                        return true
                    }
                    if Task.isCancelled { return true }
                    state = .awaited(continuation)
                    return false
                }
                if isDone { continuation.resume() }
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
