internal import MillraceCore
internal import Synchronization

/// The jobs that workers of this process have claimed and not settled, as far as is known here.
///
/// To look these up by their identities costs the same for as long as the store lives; the index of held jobs has a dead
/// entry for each job that the worker ever held, until they are cleared away.
final class HeldJobs: Sendable {
    private let tokens = Mutex<[WorkerID: [JobID: LeaseToken]]>([:])
    private let doubtful = Mutex<Set<WorkerID>>([])

    /// `nil` for a worker that has claimed nothing here, or may hold what nobody here knows of.
    func jobs(of worker: WorkerID) -> [JobID: LeaseToken]? {
        doubtful.withLock { $0.contains(worker) } ? nil : tokens.withLock { $0[worker] }
    }

    /// Notes that a claim failed, which may have leased jobs all the same.
    func doubt(_ worker: WorkerID) {
        _ = doubtful.withLock { $0.insert(worker) }
    }

    func add(_ jobs: [Job], of worker: WorkerID) {
        tokens.withLock { tokens in
            for job in jobs { tokens[worker, default: [:]][job.id] = job.leaseToken }
        }
    }

    /// Forgets leases that have ended, unless there is a newer one.
    func remove(_ ended: some Sequence<(JobID, LeaseToken)>) {
        tokens.withLock { tokens in
            for worker in tokens.keys {
                for (id, token) in ended where tokens[worker]?[id] == token { tokens[worker]?[id] = nil }
            }
        }
    }

    func forget(_ worker: WorkerID) {
        tokens.withLock { $0[worker] = nil }
        _ = doubtful.withLock { $0.remove(worker) }
    }
}
