internal import MillraceCore
internal import Synchronization

/// The jobs that workers of this process have claimed and not settled, as far as is known here.
///
/// To look these up by their identities costs the same for as long as the store lives; the index of held jobs has a dead
/// entry for each job that the worker ever held, until they are cleared away.
final class HeldJobs: Sendable {
    private struct State {
        var tokens: [WorkerID: [JobID: LeaseToken]] = [:]
        var doubts: [WorkerID: Duration] = [:]
    }

    /// A claim that failed has come to its end on the server too after so long.
    private static let settling = Duration.seconds(15)

    private let state = Mutex(State())

    /// `nil` for a worker that has claimed nothing here, or may hold what nobody here knows of.
    func jobs(of worker: WorkerID) -> [JobID: LeaseToken]? {
        state.withLock { $0.doubts[worker] == nil ? $0.tokens[worker] : nil }
    }

    /// Notes that a claim failed, which may have leased jobs all the same.
    func doubt(_ worker: WorkerID, at now: Duration) {
        state.withLock { $0.doubts[worker] = now }
    }

    /// Notes all that a worker was found to hold, by a read that began at a time; that ends a doubt which is old enough.
    func found(_ leases: [JobID: LeaseToken], of worker: WorkerID, at start: Duration) {
        state.withLock { state in
            guard let doubt = state.doubts[worker], start - doubt > Self.settling else { return }
            state.doubts[worker] = nil
            state.tokens[worker, default: [:]].merge(leases) { $0.value > $1.value ? $0 : $1 }
        }
    }

    func add(_ jobs: [Job], of worker: WorkerID) {
        state.withLock { state in
            for job in jobs { state.tokens[worker, default: [:]][job.id] = job.leaseToken }
        }
    }

    /// Forgets leases that have ended, unless there is a newer one.
    func remove(_ ended: some Sequence<(JobID, LeaseToken)>) {
        state.withLock { state in
            // Not the dictionary's own keys: they would keep it shared, and the first change would copy all of it.
            let workers = Array(state.tokens.keys)
            for (id, token) in ended {
                guard let holder = workers.first(where: { state.tokens[$0]?[id] == token }) else { continue }
                state.tokens[holder]?[id] = nil
            }
        }
    }

    func forget(_ worker: WorkerID) {
        state.withLock { state in
            state.tokens[worker] = nil
            state.doubts[worker] = nil
        }
    }
}
