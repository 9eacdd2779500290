internal import Logging
internal import MillraceCore
internal import Synchronization

/// Runs the items of one source: claims what there is room for, runs it side by side, settles what has ended.
///
/// One round settles everything that has ended and claims for all free places at the same time, so a store that groups
/// its commits does both with one. While a round waits for the store, further items end; the next round settles them
/// together.
///
/// While items run, the loop looks twice a second whether their leases are still there and their time is not up, and
/// tells those to end that must. One that does not end in the time of grace gives up its place; its task stays.
struct WorkLoop<Source: WorkSource>: Sendable {
    let source: Source
    let concurrency: Int
    let pollInterval: Duration
    let grace: Duration
    /// Whether what may kill its worker is asked for, when nothing else runs.
    let takesSuspects: Bool
    let occupancy: Occupancy
    let time: MonotonicTime
    let stop: StopSignal
    let doorbell: Doorbell
    /// Is called once all that was claimed is settled, with the number of items that were given up and still run.
    let onEnd: @Sendable (Int) -> Void
    let logger: Logger

    private typealias Key = Lease<Source.ItemID>

    private static var wardInterval: Duration { .milliseconds(500) }
    private static var suspectInterval: Duration { .seconds(1) }

    private enum Event: Sendable {
        case ended
        case tick
        case ward
        case leases(asked: Set<Key>, held: Set<Key>?)
        case rung
        case stopped
    }

    private struct Progress {
        var running: RunningItems<Source>
        /// Items that were given up and still run.
        var deaf = 0
        var isStopping = false
        var isTicking = false
        var isWarding = false
        var isAsking = false
        var isListening = false
        var unsettled: [Source.Settlement] = []
        /// Outcomes that the store refused keep their places, so that no more is taken on than can be settled.
        var isSettling = true
        var nextSuspectLook: Duration

        var occupied: Int { running.count + (isSettling ? 0 : unsettled.count) }
        var isDone: Bool { isStopping && running.isEmpty && unsettled.isEmpty }
    }

    /// What has ended since the loop last looked. A group hands out one event at a time; this hands out all at once.
    private final class Outbox: Sendable {
        private let ended = Mutex<[(Key, Performance<Source.Settlement>)]>([])

        func put(_ key: Key, _ performance: Performance<Source.Settlement>) {
            ended.withLock { $0.append((key, performance)) }
        }

        func takeAll() -> [(Key, Performance<Source.Settlement>)] {
            ended.withLock { ended in
                defer { ended = [] }
                return ended
            }
        }
    }

    /// Runs until the stop signal is raised and everything that was claimed is settled.
    ///
    /// Raising it tells the items that run to end; they are given back. Cancelling the task instead drops everything at
    /// once: that is for a worker that lost its lease, whose settlements would change nothing.
    ///
    /// Throws only `CancellationError`: a store that fails is asked again.
    func run() async throws {
        try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask {
                await stop.wait()
                return .stopped
            }
            var progress = Progress(running: RunningItems(grace: grace), nextSuspectLook: time.now())
            let outbox = Outbox()
            while true {
                try Task.checkCancellation()
                let isHealthy = await round(&progress, outbox, in: &group)
                if progress.isDone { break }
                keepWaiting(&progress, isHealthy: isHealthy, in: &group)
                try await waitForNews(&progress, outbox, in: &group)
            }
            onEnd(progress.deaf)
            group.cancelAll()
        }
    }

    /// Sees to it that the loop is woken when there may be something to do.
    private func keepWaiting(
        _ progress: inout Progress, isHealthy: Bool, in group: inout ThrowingTaskGroup<Event, any Error>
    ) {
        if !progress.isTicking, !progress.isStopping || !isHealthy {
            progress.isTicking = true
            let delay = isHealthy ? jittered(pollInterval) : .seconds(1)
            group.addTask {
                try? await time.sleep(for: delay)
                return .tick
            }
        }
        if !progress.isWarding, !progress.running.isEmpty {
            progress.isWarding = true
            let untilCheck = progress.running.nextCheck.map { $0 - time.now() } ?? Self.wardInterval
            let delay = max(.milliseconds(1), min(untilCheck, Self.wardInterval))
            group.addTask {
                try? await time.sleep(for: delay)
                return .ward
            }
        }
        if !progress.isListening, !progress.isStopping {
            progress.isListening = true
            group.addTask {
                await doorbell.wait()
                return .rung
            }
        }
    }

    /// Settles and claims.
    ///
    /// - Returns: whether the store answered.
    private func round(
        _ progress: inout Progress, _ outbox: Outbox, in group: inout ThrowingTaskGroup<Event, any Error>
    ) async -> Bool {
        let settlements = progress.unsettled
        // The loop may not have heard of the signal yet.
        let room = stop.isRaised ? 0 : concurrency - progress.occupied
        async let settling: StoreError? = settle(settlements)
        let claimed = await claim(upTo: room)
        let settleFailure = await settling
        progress.isSettling = settleFailure == nil
        if progress.isSettling { progress.unsettled.removeFirst(settlements.count) }
        start(claimed ?? [], alone: false, &progress, outbox, in: &group)
        if let claimed, claimed.isEmpty, room > 0 { await lookForSuspect(&progress, outbox, in: &group) }
        return settleFailure == nil && claimed != nil
    }

    private func start(
        _ items: [Source.Item], alone: Bool, _ progress: inout Progress, _ outbox: Outbox,
        in group: inout ThrowingTaskGroup<Event, any Error>
    ) {
        for item in items {
            let lease = source.lease(of: item)
            let signal = progress.running.start(
                item, lease: lease, timeout: source.timeout(of: item), isAlone: alone, at: time.now())
            group.addTask {
                outbox.put(lease, await perform(item, until: signal))
                return .ended
            }
        }
    }

    /// Asks for something that may have killed its workers, if this one runs nothing else.
    private func lookForSuspect(
        _ progress: inout Progress, _ outbox: Outbox, in group: inout ThrowingTaskGroup<Event, any Error>
    ) async {
        guard takesSuspects, progress.running.isEmpty, time.now() >= progress.nextSuspectLook else { return }
        progress.nextSuspectLook = time.now() + Self.suspectInterval
        guard occupancy.reserve() else { return }
        let found = (try? await source.claim(upTo: 1, alone: true)) ?? []
        if found.isEmpty {
            occupancy.endReservation()
        } else {
            logger.notice("Running alone what may have killed its workers")
            start(found, alone: true, &progress, outbox, in: &group)
        }
    }

    /// Runs an item, which is cancelled when the signal is raised.
    private func perform(_ item: Source.Item, until signal: StopSignal) async -> Performance<Source.Settlement> {
        await withTaskGroup(of: Performance<Source.Settlement>?.self) { group in
            group.addTask { await source.perform(item) }
            group.addTask {
                await signal.wait()
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            return await group.next().flatMap { $0 } ?? .interrupted
        }
    }

    private func settle(_ settlements: [Source.Settlement]) async -> StoreError? {
        guard !settlements.isEmpty else { return nil }
        do throws(StoreError) {
            try await source.settle(settlements)
            return nil
        } catch {
            guard error.isRetryable || error.code == .cancelled else { return await settleOneByOne(settlements) }
            logger.warning(
                "Settling failed and will be tried again",
                metadata: ["count": "\(settlements.count)", "error": "\(error)"])
            return error
        }
    }

    /// Settles what the store refused as a batch. An outcome that it will never keep fails its item, and does not hold
    /// up the others.
    private func settleOneByOne(_ settlements: [Source.Settlement]) async -> StoreError? {
        for settlement in settlements {
            var attempt = settlement
            for isLast in [false, true] {
                do throws(StoreError) {
                    try await source.settle([attempt])
                    break
                } catch {
                    if error.isRetryable || error.code == .cancelled { return error }
                    logger.error("An outcome cannot be stored", metadata: ["error": "\(error)"])
                    // The second time the lease is left to end; there is no more that could be said of the item.
                    if !isLast { attempt = source.failing(settlement, because: error) }
                }
            }
        }
        return nil
    }

    /// What could be claimed; `nil` when the store did not answer.
    private func claim(upTo room: Int) async -> [Source.Item]? {
        let places = occupancy.enter(max(0, room))
        guard places > 0 else { return [] }
        do throws(StoreError) {
            let items = try await source.claim(upTo: places, alone: false)
            occupancy.leave(places - items.count)
            return items
        } catch {
            occupancy.leave(places)
            logger.warning("Claiming failed and will be tried again", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// Waits until there is something to do: an item has ended, or it is time to look for work.
    private func waitForNews(
        _ progress: inout Progress, _ outbox: Outbox, in group: inout ThrowingTaskGroup<Event, any Error>
    ) async throws {
        while let event = try await group.next() {
            switch event {
            case .ended:
                let ended = outbox.takeAll()
                // An earlier event may have taken this one's outcome along.
                guard !ended.isEmpty else { continue }
                for (lease, performance) in ended { end(lease, performance, &progress) }
            case .tick:
                progress.isTicking = false
                // While every place is taken there is nothing to claim, but an outcome may wait to be settled again.
                if progress.running.count >= concurrency, progress.unsettled.isEmpty { continue }
            case .ward:
                progress.isWarding = false
                checkTimes(&progress)
                askForLeases(&progress, in: &group)
            case .leases(let asked, let held):
                progress.isAsking = false
                guard let held else { continue }
                let lost = progress.running.interrupt(asked.subtracting(held), .revoked, at: time.now())
                guard !lost.isEmpty else { continue }
                for signal in lost { signal.raise() }
            case .rung:
                progress.isListening = false
                if Task.isCancelled { throw CancellationError() }
            case .stopped:
                try Task.checkCancellation()
                progress.isStopping = true
                let running = progress.running.entries.keys
                for signal in progress.running.interrupt(running, .stopped, at: time.now()) { signal.raise() }
            }
            return
        }
    }

    private func end(_ lease: Key, _ performance: Performance<Source.Settlement>, _ progress: inout Progress) {
        guard let entry = progress.running.end(lease) else {
            // It was given up, and has ended after all.
            progress.deaf -= 1
            return
        }
        vacate(entry)
        switch performance {
        case .ended(let settlement):
            // Without a lease there is nothing to end.
            if entry.interruption != .revoked { progress.unsettled.append(settlement) }
        case .settledItself:
            break
        case .interrupted:
            let reason = entry.interruption ?? .stopped
            if let settlement = source.settlement(of: entry.item, after: reason) {
                progress.unsettled.append(settlement)
            }
        }
    }

    private func vacate(_ entry: RunningItems<Source>.Entry) {
        if entry.isAlone { occupancy.endReservation() } else { occupancy.leave(1) }
    }

    /// Tells those to end whose time is up, and gives up those that did not listen.
    private func checkTimes(_ progress: inout Progress) {
        for signal in progress.running.interruptOverdue(at: time.now()) { signal.raise() }
        for entry in progress.running.giveUp(at: time.now()) {
            logger.error("An item was told to end and goes on; its place is given to others")
            progress.deaf += 1
            vacate(entry)
            let settlement = entry.interruption.flatMap { source.settlement(of: entry.item, after: $0) }
            if let settlement { progress.unsettled.append(settlement) }
        }
    }

    /// Asks the store for the leases, unless the last question is unanswered still.
    private func askForLeases(_ progress: inout Progress, in group: inout ThrowingTaskGroup<Event, any Error>) {
        let asked = progress.running.leases
        guard !progress.isAsking, !asked.isEmpty else { return }
        progress.isAsking = true
        group.addTask { .leases(asked: asked, held: try? await source.leases()) }
    }

    /// Half to one and a half of the interval, so that processes do not ask in step.
    private func jittered(_ interval: Duration) -> Duration {
        interval * Double.random(in: 0.5...1.5)
    }
}
