internal import MillraceCore
internal import Synchronization

/// The tasks of all that a worker runs, in all its loops.
///
/// They are no children of the loop that started them: an item that is told to end and does not must hold up neither the
/// loop nor the next lease. It is counted here for as long as it runs.
final class Crew: Sendable {
    private struct State {
        var count = 0
        var isReserved = false
    }

    private let state = Mutex(State())
    private let emptied = Doorbell()

    /// The items that run or are about to, those included that were given up.
    var count: Int { state.withLock { $0.count } }

    /// Asks for places before a claim.
    ///
    /// - Returns: the places granted: all, or none while something runs alone.
    func enter(_ places: Int) -> Int {
        state.withLock { state in
            guard !state.isReserved, places > 0 else { return 0 }
            state.count += places
            return places
        }
    }

    /// Asks for the one place of an item that is to run alone; refused while anything runs or is being claimed.
    ///
    /// Nobody enters before that place is left, or ``endReservation()`` is called.
    func reserve() -> Bool {
        state.withLock { state in
            guard state.count == 0 else { return false }
            state.count = 1
            state.isReserved = true
            return true
        }
    }

    /// Lets others run beside what was to run alone.
    func endReservation() {
        state.withLock { $0.isReserved = false }
    }

    /// Runs something in one of the places entered; the place is left before `onEnd` is called with what came of it.
    ///
    /// - Returns: the task, for those who may have to cancel it.
    func start<Value: Sendable>(
        _ body: @escaping @Sendable () async -> Value, onEnd: @escaping @Sendable (Value) -> Void
    ) -> Task<Void, Never> {
        Task { [self] in
            let value = await body()
            leave(1)
            onEnd(value)
        }
    }

    /// Gives places back that a claim did not need.
    func leave(_ places: Int) {
        guard places > 0 else { return }
        let isEmpty = state.withLock { state in
            state.count -= places
            if state.count == 0 { state.isReserved = false }
            return state.count == 0
        }
        if isEmpty { emptied.ring() }
    }

    /// Waits until nothing runs, or until the task is cancelled.
    func waitUntilEmpty() async {
        while count > 0, !Task.isCancelled { await emptied.wait() }
    }
}
