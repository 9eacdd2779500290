internal import Logging
internal import MillraceCore
internal import Synchronization

/// Rings the bells of a worker's loops when its store says that there is new work.
final class WorkListener: Sendable {
    /// Before the store is listened to again.
    private static let pause = Duration.seconds(1)

    private let announcements: (any WorkAnnouncing)?
    private let jobBell: WorkBell
    private let chunkBell: WorkBell
    private let logger: Logger
    private let listening = Atomic<Bool>(false)

    init(_ announcements: (any WorkAnnouncing)?, jobBell: WorkBell, chunkBell: WorkBell, logger: Logger) {
        self.announcements = announcements
        self.jobBell = jobBell
        self.chunkBell = chunkBell
        self.logger = logger
    }

    /// Whether all new work is announced now, so that asking for it now and then is enough.
    var isListening: Bool { listening.load(ordering: .relaxed) }

    /// Listens until the task is cancelled; does nothing until then when the store cannot be listened to.
    func run() async throws {
        while let announcements {
            do throws(StoreError) {
                try await announcements.announceWork { [self] in hear($0) }
            } catch {
                logger.debug("New work is not announced", metadata: ["error": "\(error)"])
                if error.code == .invalid { break }
            }
            listening.store(false, ordering: .relaxed)
            // By the host's clock, whatever the leases go by: nothing depends on this.
            try await Task.sleep(for: Self.pause)
        }
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }

    private func hear(_ announcement: WorkAnnouncement) {
        switch announcement {
        case .listening:
            listening.store(true, ordering: .relaxed)
            jobBell.announceWork()
            chunkBell.announceWork()
        case .jobs: jobBell.announceWork()
        case .chunks: chunkBell.announceWork()
        }
    }
}
