internal import Logging
internal import MillraceCore

/// Runs the items of one source: claims what there is room for, and settles what has ended.
///
/// One round settles everything that has ended and claims for all free places at the same time, so a store that groups
/// its commits does both with one. While a round waits for the store, further items end; the next round settles them
/// together. Between rounds the loop sleeps until its bell rings, or until it is time to look for work again.
struct WorkLoop<Source: WorkSource>: Sendable {
    let source: Source
    let concurrency: Int
    let pollInterval: Duration
    /// Hears of new work, where the store announces it.
    let listener: WorkListener?
    let grace: Duration
    /// Whether what may kill its worker is asked for, when nothing else runs.
    let takesSuspects: Bool
    let crew: Crew
    let time: MonotonicTime
    let stop: StopSignal
    let bell: WorkBell
    /// Takes the outcomes that are not settled when the loop ends before its time.
    let leftovers: Leftovers<Source.Settlement>
    let trouble: StoreTrouble
    let logger: Logger

    private static var suspectInterval: Duration { .seconds(1) }
    /// New work is announced; only what was not heard is found by asking.
    private static var listeningPollInterval: Duration { .seconds(1) }
    /// What may kill its worker is never in a hurry, and who asks seldom anyway asks for it more seldom.
    private static var listeningSuspectInterval: Duration { .seconds(5) }
    private static var troubleInterval: Duration { .seconds(1) }

    /// Runs until the stop signal is raised and everything that was claimed is settled.
    ///
    /// Raising it tells the items that run to end; they are given back. Cancelling the task instead drops everything at
    /// once, and the items are told to end by that: it is for a worker that lost its lease, whose settlements may
    /// change nothing any more.
    ///
    /// Throws `CancellationError`, and `StoreError` when the store must be mended first, with what runs told to end: one
    /// that fails otherwise is asked again.
    func run() async throws {
        let runner = ItemRunner(source: source, grace: grace, crew: crew, time: time, bell: bell, logger: logger)
        try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await stop.wait()
                    guard stop.isRaised else { return }
                    runner.close(.stopped)
                    bell.ring()
                }
                group.addTask { try await runner.watchLeases() }
                group.addTask { try await runner.watchTimes() }
                try await work(with: runner)
                group.cancelAll()
            }
        } onCancel: {
            runner.close(.revoked)
        }
    }

    private func work(with runner: ItemRunner<Source>) async throws {
        var unsettled: [Source.Settlement] = []
        do {
            try await work(with: runner, &unsettled)
        } catch {
            leftovers.keep(unsettled + runner.takeSettlements())
            runner.close(.revoked)
            throw error
        }
    }

    private func work(with runner: ItemRunner<Source>, _ unsettled: inout [Source.Settlement]) async throws {
        // Outcomes that the store refused keep their places, so that no more is taken on than can be settled.
        var refused = 0
        var nextSuspectLook = time.now()
        var doubt = ClaimDoubt()
        var pace = ClaimPace()
        while true {
            try Task.checkCancellation()
            let isStopping = stop.isRaised
            let settlements = unsettled + runner.takeSettlements()
            let room = isStopping ? 0 : max(0, concurrency - runner.count - refused)
            async let remaining = settle(settlements)
            let asks = room > 0 && pace.isDue(at: time.now(), isAnnounced: bell.takeAnnouncement())
            let claimed = try await claim(upTo: asks ? room : 0, &pace)
            if asks { runner.start(claimed ?? []) }
            unsettled = try await remaining
            if claimed == nil { doubt.arise(at: time.now()) }
            // Nothing is under way between this loop and the store now.
            if unsettled.isEmpty, claimed != nil, doubt.isLookDue(at: time.now()) || isStopping && doubt.exists {
                unsettled = try await giveBackUnknown(runner)
                if isStopping { doubt = ClaimDoubt() }
            }
            refused = unsettled.count
            if isStopping, unsettled.isEmpty, runner.isIdle { return }
            if asks, claimed?.isEmpty == true, takesSuspects, nextSuspectLook <= time.now() {
                nextSuspectLook =
                    time.now() + (isListening ? Self.listeningSuspectInterval : Self.suspectInterval)
                if await !lookForSuspect(runner) { doubt.arise(at: time.now()) }
            }
            // Only the bell brings something to do to a loop that is full.
            let hasRoom = !isStopping && runner.count < concurrency
            let pause =
                unsettled.isEmpty ? (hasRoom ? pace.untilNextLook(at: time.now()) : nil) : Self.troubleInterval
            await time.limit(pause) { await bell.wait() }
        }
    }

    /// How long to wait before looking for work again; drawn, so that processes do not ask in step.
    private var lookInterval: Duration {
        guard isListening else { return pollInterval * Double.random(in: 0.5...1.5) }
        return max(pollInterval, Self.listeningPollInterval) * Double.random(in: 0.75...1)
    }

    private var isListening: Bool { listener?.isListening ?? false }

    /// What could be claimed; `nil` when the store did not answer.
    private func claim(upTo room: Int, _ pace: inout ClaimPace) async throws(StoreError) -> [Source.Item]? {
        guard room > 0 else { return [] }
        let places = crew.enter(room)
        var items: [Source.Item] = []
        do throws(StoreError) {
            if places > 0 { items = try await source.claim(upTo: places, alone: false) }
            pace.note(found: items.count, of: places, at: time.now(), nextLookAfter: lookInterval)
        } catch {
            crew.leave(places)
            pace.noteFailure(at: time.now(), nextLookAfter: Self.troubleInterval)
            try trouble.note(error, "Claiming failed and will be tried again")
            return nil
        }
        crew.leave(places - items.count)
        return items
    }

    /// Asks for something that may have killed its workers, if this one runs nothing else.
    ///
    /// - Returns: whether the store answered.
    private func lookForSuspect(_ runner: ItemRunner<Source>) async -> Bool {
        guard crew.reserve() else { return true }
        let found = try? await source.claim(upTo: 1, alone: true)
        guard let found, !found.isEmpty else {
            crew.leave(1)
            return found != nil
        }
        logger.notice("Running alone what may have killed its workers")
        runner.start(found, alone: true)
        return true
    }

    /// Gives back what the store says that this worker holds, and that it has never been told of.
    ///
    /// - Returns: what the store did not take for now.
    private func giveBackUnknown(_ runner: ItemRunner<Source>) async throws(StoreError) -> [Source.Settlement] {
        guard let held = try? await source.leases() else { return [] }
        let unknown = held.subtracting(runner.knownLeases)
        guard !unknown.isEmpty else { return [] }
        logger.notice("Giving back what a claim took whose answer was lost", metadata: ["items": "\(unknown.count)"])
        return try await settle(unknown.map { source.release(of: $0) })
    }

    /// Settles what has ended.
    ///
    /// - Returns: what the store did not take for now.
    private func settle(_ settlements: [Source.Settlement]) async throws(StoreError) -> [Source.Settlement] {
        guard !settlements.isEmpty else { return [] }
        do throws(StoreError) {
            try await source.settle(settlements)
            trouble.end()
            return []
        } catch {
            guard isOfTheStore(error) else { return try await settleOneByOne(settlements) }
            try trouble.note(error, "Settling failed and will be tried again")
            return settlements
        }
    }

    /// Settles what the store refused as a batch, so that no outcome holds up the others.
    ///
    /// - Returns: what the store did not take for now.
    private func settleOneByOne(_ settlements: [Source.Settlement]) async throws(StoreError) -> [Source.Settlement] {
        var remaining: [Source.Settlement] = []
        for (position, settlement) in settlements.enumerated() {
            do throws(StoreError) {
                try await settleAlone(settlement)
            } catch {
                try trouble.note(error, "Settling failed and will be tried again")
                if isOfTheStore(error) { return remaining + settlements[position...] }
                remaining.append(settlement)
            }
        }
        return remaining
    }

    /// Settles one outcome. One that the store will never keep fails its item; if not even that can be kept the lease is
    /// left to end, as there is no more that could be said of the item.
    private func settleAlone(_ settlement: Source.Settlement) async throws(StoreError) {
        var attempt = settlement
        for _ in 0..<2 {
            do throws(StoreError) {
                return try await source.settle([attempt])
            } catch {
                guard isOfTheOutcome(error) else { throw error }
                logger.error("An outcome cannot be stored", metadata: ["error": "\(error)"])
                attempt = source.failing(settlement, because: error)
            }
        }
    }

    /// Whether the trouble is the store's own, and met by everything that is to be settled.
    private func isOfTheStore(_ error: StoreError) -> Bool {
        error.isRetryable || error.needsMending || error.code == .cancelled
    }

    /// Whether the trouble is with what was to be settled, so that it will never be kept; a fault that nobody knows may
    /// pass.
    private func isOfTheOutcome(_ error: StoreError) -> Bool {
        error.code == .invalid || error.code == .conflict
    }
}
