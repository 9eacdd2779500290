internal import Logging
internal import MillraceCore
internal import Synchronization

/// Runs the items of one source: claims what there is room for, runs it side by side, settles what has ended.
///
/// One round settles everything that has ended and claims for all free places at the same time, so a store that groups
/// its commits does both with one. While a round waits for the store, further items end; the next round settles them
/// together.
struct WorkLoop<Source: WorkSource>: Sendable {
    let source: Source
    let concurrency: Int
    let pollInterval: Duration
    let time: MonotonicTime
    let stop: StopSignal
    let doorbell: Doorbell
    let logger: Logger

    private enum Event: Sendable {
        case ended
        case tick
        case rung
        case stopped
    }

    private struct Progress {
        var running = 0
        var isStopping = false
        var isTicking = false
        var isListening = false
        var unsettled: [Source.Settlement] = []
        /// Outcomes that the store refused keep their places, so that no more is taken on than can be settled.
        var isSettling = true

        var occupied: Int { running + (isSettling ? 0 : unsettled.count) }
    }

    /// What has ended since the loop last looked. A group hands out one event at a time; this hands out all at once.
    private final class Outbox: Sendable {
        private let ended = Mutex<[Source.Settlement?]>([])

        func put(_ settlement: Source.Settlement?) {
            ended.withLock { $0.append(settlement) }
        }

        func takeAll() -> [Source.Settlement?] {
            ended.withLock { ended in
                defer { ended = [] }
                return ended
            }
        }
    }

    /// Runs until the stop signal is raised and everything that was claimed is settled.
    ///
    /// Raising it cancels the items that run; they are given back. Cancelling the task instead drops everything at
    /// once: that is for a worker that lost its lease, whose settlements would change nothing.
    ///
    /// Throws only `CancellationError`: a store that fails is asked again.
    func run() async throws {
        try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask {
                await stop.wait()
                return .stopped
            }
            var progress = Progress()
            let outbox = Outbox()
            while true {
                try Task.checkCancellation()
                let isHealthy = await round(&progress, outbox, in: &group)
                if progress.isStopping, progress.running == 0, progress.unsettled.isEmpty { break }
                if progress.isStopping {
                    // The waits of the group are cancelled by now, so this one is the loop's own.
                    if !isHealthy { try await time.sleep(for: .seconds(1)) }
                } else if !progress.isTicking {
                    progress.isTicking = true
                    let delay = isHealthy ? jittered(pollInterval) : .seconds(1)
                    group.addTask {
                        try? await time.sleep(for: delay)
                        return .tick
                    }
                }
                if !progress.isListening, !progress.isStopping {
                    progress.isListening = true
                    group.addTask {
                        await doorbell.wait()
                        return .rung
                    }
                }
                try await waitForNews(&progress, outbox, in: &group)
            }
            group.cancelAll()
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
        for item in claimed ?? [] {
            progress.running += 1
            group.addTask {
                outbox.put(await source.perform(item))
                return .ended
            }
        }
        return settleFailure == nil && claimed != nil
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
    private func claim(upTo limit: Int) async -> [Source.Item]? {
        guard limit > 0 else { return [] }
        do throws(StoreError) {
            return try await source.claim(upTo: limit)
        } catch {
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
                progress.running -= ended.count
                progress.unsettled += ended.compactMap { $0 }
            case .tick:
                progress.isTicking = false
                // While every place is taken there is nothing to claim, but an outcome may wait to be settled again.
                if progress.running >= concurrency, progress.unsettled.isEmpty { continue }
            case .rung:
                progress.isListening = false
                if Task.isCancelled { throw CancellationError() }
            case .stopped:
                try Task.checkCancellation()
                progress.isStopping = true
                // Only the items are running in the group besides the waits, which end by it as well.
                group.cancelAll()
            }
            return
        }
    }

    /// Half to one and a half of the interval, so that processes do not ask in step.
    private func jittered(_ interval: Duration) -> Duration {
        interval * Double.random(in: 0.5...1.5)
    }
}
