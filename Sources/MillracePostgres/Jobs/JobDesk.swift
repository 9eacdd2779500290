internal import MillraceCore
internal import Synchronization

/// What a repository remembers between its statements.
final class JobDesk: Sendable {
    private struct State {
        var cursors: [JobScope: JobCursors] = [:]
        var upkeep = Pace(interval: .seconds(2), share: 20)
        var thorough = Pace(interval: .seconds(60), share: 20)
        var isUpkeepRunning = false
        var upkeptAt: Duration?
    }

    /// Scopes differ by what turned out to be impossible here, so old ones are never met again.
    private static let scopeLimit = 64

    let unanswered = UnansweredSettlements()
    let held = HeldJobs()
    private let clock: (any WallClock)?
    private let epoch = ContinuousClock.now
    private let state = Mutex(State())
    let announcer: JobAnnouncer

    init(_ store: PostgresStore) {
        clock = store.clock
        announcer = store.announcer
    }

    /// By which everything here is paced: the store's own clock, if it has one.
    var now: Duration {
        if let clock { return .microseconds(clock.now().microseconds) }
        return epoch.duration(to: .now)
    }

    func begin(_ scope: JobScope) -> (groups: [JobGroup], look: JobCursors.Look) {
        let now = now
        return state.withLock { state in
            if state.cursors[scope] == nil, state.cursors.count >= Self.scopeLimit { state.cursors = [:] }
            // Who moves the clock by hand wants what is due at that very moment.
            var cursors =
                state.cursors[scope]
                ?? JobCursors(scope, at: now, lookingForDue: clock == nil ? .milliseconds(500) : .zero)
            let look = cursors.begin(at: now)
            state.cursors[scope] = cursors
            return (cursors.groups, look)
        }
    }

    func end(_ look: JobCursors.Look, in scope: JobScope, _ outcome: JobClaim.Outcome, isFull: Bool, since: Duration) {
        let now = now
        state.withLock { state in
            state.cursors[scope]?.end(
                look, reached: outcome.reached, due: outcome.due, isFull: isFull, from: since, to: now)
        }
    }

    /// Lets claims find jobs that are queued again, those of other processes too.
    func lower(_ jobs: [RequeuedJob]) {
        guard !jobs.isEmpty else { return }
        defer { announcer.announce(.again) }
        state.withLock { state in
            for scope in state.cursors.keys { state.cursors[scope]?.lower(jobs) }
        }
    }

    /// Lets claims find jobs that were queued again elsewhere.
    func lookFromStart() {
        state.withLock { state in
            for scope in state.cursors.keys { state.cursors[scope]?.lookFromStart() }
        }
    }

    /// Whether what one process does for all is due, nobody here is at it, and nobody here has done it for so long.
    func beginUpkeep(unlessDoneWithin rest: Duration) -> Bool {
        let now = now
        return state.withLock { state in
            guard !state.isUpkeepRunning, state.upkeep.isDue(at: now), state.upkeptAt.map({ now - $0 >= rest }) ?? true
            else { return false }
            state.isUpkeepRunning = true
            return true
        }
    }

    func endUpkeep(since: Duration) {
        let now = now
        state.withLock { state in
            state.isUpkeepRunning = false
            state.upkeptAt = now
            state.upkeep.note(from: since, to: now)
        }
    }

    /// Whether a rescue is to look for jobs of workers that nobody knows.
    func isThoroughRescueDue() -> Bool {
        let now = now
        return state.withLock { state in
            guard state.thorough.isDue(at: now) else { return false }
            state.thorough.note(from: now, to: now)
            return true
        }
    }
}
