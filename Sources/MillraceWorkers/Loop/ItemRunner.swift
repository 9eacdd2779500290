internal import Logging
internal import MillraceCore
internal import Synchronization

/// Runs the items of one loop, and tells those to end that must: whose lease is gone, or whose time is up.
///
/// One that does not end in the time of grace is given up: its place is free, its task goes on in the crew.
final class ItemRunner<Source: WorkSource>: Sendable {
    /// Items are looked after so often: a cancellation elsewhere reaches them within a second.
    private static var watchInterval: Duration { .milliseconds(500) }

    private let source: Source
    private let crew: Crew
    private let time: MonotonicTime
    /// Rung when an item has ended or was given up.
    private let bell: WorkBell
    private let logger: Logger
    private let items: Mutex<RunningItems<Source>>

    init(source: Source, grace: Duration, crew: Crew, time: MonotonicTime, bell: WorkBell, logger: Logger) {
        self.source = source
        self.crew = crew
        self.time = time
        self.bell = bell
        self.logger = logger
        items = Mutex(RunningItems(grace: grace))
    }

    /// The items that run and were not given up.
    var count: Int { items.withLock { $0.count } }
    /// The leases of the items that run, or whose outcome was not taken.
    var knownLeases: Set<Lease<Source.ItemID>> { items.withLock { $0.knownLeases } }
    /// Whether nothing runs, and every outcome was taken.
    var isIdle: Bool { items.withLock { $0.isIdle } }

    /// Runs what a claim has got, if anything; its places in the crew are taken.
    func start(_ claimed: [Source.Item], alone: Bool = false) {
        items.withLock { $0.noteClaim() }
        for item in claimed {
            let lease = source.lease(of: item)
            // An item that ends at once waits for this lock, and finds itself taken in.
            cancel(
                items.withLock { items in
                    let task = crew.start { [source] in
                        await source.perform(item)
                    } onEnd: { [self] performance in
                        let isOfLastClaim = self.items.withLock { $0.end(lease, performance) }
                        if isOfLastClaim { bell.announceWork() } else { bell.ring() }
                    }
                    return items.start(
                        item, lease: lease, timeout: source.timeout(of: item), isAlone: alone, in: task,
                        at: time.now())
                })
        }
    }

    /// What is to be settled of the items that ended or were given up since the last call.
    func takeSettlements() -> [Source.Settlement] {
        items.withLock { $0.takeEndings() }.compactMap { ending in
            switch ending.performance {
            case .ended(let settlement):
                // Without a lease there is nothing to end.
                ending.interruption == .revoked ? nil : settlement
            case .settledItself:
                nil
            case .interrupted:
                source.settlement(of: ending.item, after: ending.interruption ?? .stopped)
            }
        }
    }

    /// Tells everything to end that runs or will be started.
    func close(_ reason: Interruption) {
        cancel(items.withLock { $0.close(reason, at: time.now()) })
    }

    /// Asks twice a second whether the items' leases are still there, until the task is cancelled.
    func watchLeases() async throws {
        while true {
            try await time.sleep(for: Self.watchInterval)
            let running = items.withLock { $0.leases }
            guard !running.isEmpty, let held = try? await source.leases() else { continue }
            cancel(items.withLock { $0.interrupt(running.subtracting(held), .revoked, at: time.now()) })
        }
    }

    /// Looks twice a second, or just in time, whose time is up, until the task is cancelled.
    func watchTimes() async throws {
        while true {
            let nextCheck = items.withLock { $0.nextCheck }
            let untilCheck = nextCheck.map { max(.milliseconds(1), $0 - time.now()) } ?? Self.watchInterval
            try await time.sleep(for: min(untilCheck, Self.watchInterval))
            cancel(items.withLock { $0.interruptOverdue(at: time.now()) })
            for (lease, entry) in items.withLock({ $0.giveUp(at: time.now()) }) {
                logger.error(
                    "An item was told to end and goes on; its place is given to others",
                    metadata: ["millrace-item-id": "\(lease.id)"])
                if entry.isAlone { crew.endReservation() }
                bell.ring()
            }
        }
    }

    private func cancel(_ tasks: [Task<Void, Never>]) {
        for task in tasks { task.cancel() }
    }
}
