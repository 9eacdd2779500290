internal import Logging
internal import MillraceCore
internal import Synchronization

/// Keeps a worker's lease alive, and says so in time when it cannot.
struct LeaseKeeper: Sendable {
    /// The worker's lease ran out, or may have; everything that it holds must stop now.
    struct LeaseLost: Error {}

    private let worker: WorkerID
    private let jobs: any JobQueueRepository
    private let settings: LeaseSettings
    private let time: MonotonicTime
    private let renewed: Renewal
    private let trouble: StoreTrouble
    private let logger: Logger

    /// Takes charge of a lease that was asked for at `askedAt`, from which it counts at the earliest.
    init(
        worker: WorkerID, jobs: any JobQueueRepository, settings: LeaseSettings, askedAt: Duration,
        time: MonotonicTime, trouble: StoreTrouble, logger: Logger
    ) {
        self.worker = worker
        self.jobs = jobs
        self.settings = settings
        self.time = time
        self.trouble = trouble
        self.logger = logger
        renewed = Renewal(at: askedAt)
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

    /// Beats until the task is cancelled.
    ///
    /// Throws ``LeaseLost`` as soon as the lease is refused, and `StoreError` when the store must be mended first.
    func beat() async throws {
        while true {
            try await time.sleep(for: settings.beatInterval)
            let sentAt = time.now()
            do throws(StoreError) {
                guard try await jobs.renew(worker, leasedFor: settings.duration) else {
                    logger.warning("The lease was refused; starting again under a new identity")
                    throw StoreError(.conflict, "the lease ran out")
                }
                renewed.time = sentAt
                trouble.end()
            } catch {
                if error.code == .conflict { throw LeaseLost() }
                try Task.checkCancellation()
                try trouble.note(error, "A heartbeat failed")
            }
        }
    }

    /// Throws ``LeaseLost`` when no beat got through for so long that others may soon take the work.
    ///
    /// Run it beside ``beat()``, not within: a beat may hang in a store that does not hear of its cancellation, and the
    /// work must be stopped all the same.
    func watch() async throws {
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
