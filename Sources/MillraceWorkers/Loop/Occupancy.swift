internal import Synchronization

/// How much a worker runs in all its loops, so that what may kill it runs alone.
final class Occupancy: Sendable {
    private struct State {
        var occupied = 0
        var isReserved = false
    }

    private let state = Mutex(State())

    /// Asks for places before a claim.
    ///
    /// - Returns: the places granted: all, or none while something runs alone.
    func enter(_ places: Int) -> Int {
        state.withLock { state in
            guard !state.isReserved else { return 0 }
            state.occupied += places
            return places
        }
    }

    /// Gives places back that a claim did not need, or whose items have ended.
    func leave(_ places: Int) {
        state.withLock { $0.occupied -= places }
    }

    /// Asks to run alone until ``endReservation()``; refused while anything runs or is being claimed.
    func reserve() -> Bool {
        state.withLock { state in
            guard !state.isReserved, state.occupied == 0 else { return false }
            state.isReserved = true
            return true
        }
    }

    /// Lets others run again.
    func endReservation() {
        state.withLock { $0.isReserved = false }
    }
}
