internal import MillraceCore
internal import Synchronization

/// Settlements that may have been done though their callers were told that the store could not be reached.
///
/// Callers come again with the same; then what was done is not lost. Of very many, the oldest are forgotten.
final class UnansweredSettlements: Sendable {
    private struct State {
        var newer: [JobID: LeaseToken] = [:]
        var older: [JobID: LeaseToken] = [:]
    }

    private static let limit = 10_000

    private let state = Mutex(State())

    func add(_ settlements: [JobSettlement]) {
        state.withLock { state in
            if state.newer.count + settlements.count > Self.limit {
                state.older = state.newer
                state.newer = [:]
            }
            for settlement in settlements { state.newer[settlement.jobID] = settlement.token }
        }
    }

    /// The jobs whose settlements are among these.
    func jobs(in settlements: [JobSettlement]) -> Set<JobID> {
        state.withLock { state in
            guard !state.newer.isEmpty || !state.older.isEmpty else { return [] }
            let (newer, older) = (state.newer, state.older)
            return Set(
                settlements.filter { settlement in
                    [newer, older].contains { $0[settlement.jobID] == settlement.token }
                }.map(\.jobID))
        }
    }

    /// Forgets those of jobs for which there is an answer now.
    func remove(_ jobs: Set<JobID>) {
        guard !jobs.isEmpty else { return }
        state.withLock { state in
            for id in jobs {
                state.newer[id] = nil
                state.older[id] = nil
            }
        }
    }
}
