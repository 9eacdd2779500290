internal import Logging
internal import MillraceCore
internal import Synchronization

/// Keeps a worker's lease alive, and says so in time when it cannot.
struct LeaseKeeper: Sendable {
    /// The worker's lease ran out, or may have; everything that it holds must stop now.
    struct LeaseLost: Error {}

    let worker: WorkerID
    let jobs: any JobQueueRepository
    let settings: LeaseSettings
    let time: MonotonicTime
    let logger: Logger

    /// Beats until the task is cancelled.
    ///
    /// Throws ``LeaseLost`` as soon as the lease is refused, or when no beat got through for so long that others may
    /// soon take the work. A beat that hangs does not delay this: the watch stands beside it.
    func run() async throws {
        let renewed = Renewal(at: time.now())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await beat(renewed) }
            group.addTask { try await watch(renewed) }
            try await group.next()
            group.cancelAll()
        }
    }

    /// When the last beat that got through was sent: the lease counts at the earliest from there.
    private final class Renewal: Sendable {
        private let sentAt: Mutex<Duration>

        init(at time: Duration) {
            sentAt = Mutex(time)
        }

        var time: Duration {
            get { sentAt.withLock { $0 } }
            set { sentAt.withLock { $0 = newValue } }
        }
    }

    private func beat(_ renewed: Renewal) async throws {
        while true {
            try await time.sleep(for: settings.beatInterval)
            let sentAt = time.now()
            do throws(StoreError) {
                guard try await jobs.renew(worker, leasedFor: settings.duration) else {
                    logger.warning("The lease was refused; starting again under a new identity")
                    throw StoreError(.conflict, "the lease ran out")
                }
                renewed.time = sentAt
            } catch {
                if error.code == .conflict { throw LeaseLost() }
                try Task.checkCancellation()
                logger.warning("A heartbeat failed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func watch(_ renewed: Renewal) async throws {
        while true {
            let remaining = renewed.time + settings.trusted - time.now()
            guard remaining > .zero else {
                logger.warning("No heartbeat got through for the time of the lease; stopping all work")
                throw LeaseLost()
            }
            try await time.sleep(for: remaining)
        }
    }
}
