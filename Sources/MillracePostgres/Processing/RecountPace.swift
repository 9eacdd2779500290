internal import Synchronization

/// Remembers when all chunks may be counted again.
final class RecountPace: Sendable {
    let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let pace = Mutex(Pace(interval: .zero, share: 20))

    init() {
        start = clock.now
    }

    func isDue(at now: ContinuousClock.Instant) -> Bool {
        pace.withLock { $0.isDue(at: start.duration(to: now)) }
    }

    /// Notes a count that has just ended.
    func note(from begin: ContinuousClock.Instant) {
        pace.withLock { $0.note(from: start.duration(to: begin), to: start.duration(to: clock.now)) }
    }
}
