public import MillraceCore
internal import Synchronization

/// A clock that stands still until a test moves it.
///
/// It tells adapters the time of day (``/MillraceCore/WallClock``) and run loops how long to sleep (`Clock`); both move
/// together, and only by ``advance(by:)``.
public final class ManualClock: Clock {
    /// A point of the clock's own time, which begins at zero.
    public struct Instant: InstantProtocol {
        /// The time since the clock was made.
        public let offset: Duration

        /// The point `duration` later.
        public func advanced(by duration: Duration) -> Instant {
            Instant(offset: offset + duration)
        }

        /// The time from here to another point.
        public func duration(to other: Instant) -> Duration {
            other.offset - offset
        }

        /// Orders by time, earlier first.
        public static func < (left: Instant, right: Instant) -> Bool {
            left.offset < right.offset
        }
    }

    /// The time of day at which a clock begins unless told otherwise: 2026-01-01T00:00:00Z.
    public static let standardStart = Timestamp(microseconds: 1_767_225_600_000_000)

    private let start: Timestamp
    private let state = Mutex(State())

    /// Makes a clock that shows a time of day.
    public init(startingAt start: Timestamp = ManualClock.standardStart) {
        self.start = start
    }

    /// The present point of the clock's own time.
    public var now: Instant { state.withLock { $0.now } }

    /// The time of day, for code that has the clock itself at hand.
    public var timeOfDay: Timestamp { start + now.offset }

    /// Sleeps are exact.
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// Tasks that sleep on the clock now.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Moves the clock forward and wakes those whose time has come, the earliest first.
    ///
    /// Returns before the woken tasks have run; use ``waitForSleepers(_:)`` to let them come to rest again.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "a clock cannot go back")
        let due = state.withLock { $0.advance(by: duration) }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Waits until the clock has been moved to a point.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let id = state.withLock { $0.nextID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let actions = state.withLock {
                    $0.sleep(Sleeper(id: id, deadline: deadline, continuation: continuation))
                }
                actions.perform()
            }
        } onCancel: {
            let sleeper = state.withLock { $0.cancelSleeper(id) }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Waits until at least so many tasks sleep on the clock, so that a test moves it only when the code under test is
    /// at rest.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    public func waitForSleepers(_ count: Int) async throws {
        let id = state.withLock { $0.nextID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let actions = state.withLock { $0.wait(Watcher(id: id, count: count, continuation: continuation)) }
                actions.perform()
            }
        } onCancel: {
            let watcher = state.withLock { $0.cancelWatcher(id) }
            watcher?.continuation.resume(throwing: CancellationError())
        }
    }
}

extension WallClock where Self == ManualClock {
    /// The present time of day.
    public func now() -> Timestamp { self.timeOfDay }
}

extension ManualClock: WallClock {}

extension ManualClock {
    private struct Sleeper {
        let id: Int
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Watcher {
        let id: Int
        let count: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// What is to be resumed once the lock is released.
    private struct Actions {
        var resumed: [CheckedContinuation<Void, any Error>] = []
        var cancelled: [CheckedContinuation<Void, any Error>] = []

        func perform() {
            for continuation in resumed { continuation.resume() }
            for continuation in cancelled { continuation.resume(throwing: CancellationError()) }
        }
    }

    private struct State {
        var now = Instant(offset: .zero)
        var sleepers: [Sleeper] = []
        var watchers: [Watcher] = []
        // A task may be cancelled before its continuation exists.
        var cancelledEarly: Set<Int> = []
        var lastID = 0

        mutating func nextID() -> Int {
            lastID += 1
            return lastID
        }

        mutating func advance(by duration: Duration) -> [Sleeper] {
            now = now.advanced(by: duration)
            let due = sleepers.filter { $0.deadline <= now }.sorted { ($0.deadline, $0.id) < ($1.deadline, $1.id) }
            sleepers.removeAll { $0.deadline <= now }
            return due
        }

        mutating func sleep(_ sleeper: Sleeper) -> Actions {
            if cancelledEarly.remove(sleeper.id) != nil { return Actions(cancelled: [sleeper.continuation]) }
            if sleeper.deadline <= now { return Actions(resumed: [sleeper.continuation]) }
            sleepers.append(sleeper)
            let satisfied = watchers.filter { $0.count <= sleepers.count }
            watchers.removeAll { $0.count <= sleepers.count }
            return Actions(resumed: satisfied.map(\.continuation))
        }

        mutating func wait(_ watcher: Watcher) -> Actions {
            if cancelledEarly.remove(watcher.id) != nil { return Actions(cancelled: [watcher.continuation]) }
            if watcher.count <= sleepers.count { return Actions(resumed: [watcher.continuation]) }
            watchers.append(watcher)
            return Actions()
        }

        mutating func cancelSleeper(_ id: Int) -> Sleeper? {
            guard let index = sleepers.firstIndex(where: { $0.id == id }) else {
                cancelledEarly.insert(id)
                return nil
            }
            return sleepers.remove(at: index)
        }

        mutating func cancelWatcher(_ id: Int) -> Watcher? {
            guard let index = watchers.firstIndex(where: { $0.id == id }) else {
                cancelledEarly.insert(id)
                return nil
            }
            return watchers.remove(at: index)
        }
    }
}
