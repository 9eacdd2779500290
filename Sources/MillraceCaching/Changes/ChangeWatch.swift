internal import MillraceCore
internal import Synchronization

/// Keeps memory in step with the authority: knows up to which write memory has followed, and when that was true.
///
/// The authority is asked once a second, by whoever looks something up then. Memory may be served for two seconds after
/// the moment at which an answered question was put; a write of another process that is older than that has been seen.
final class ChangeWatch: Sendable {
    /// How often the authority is asked.
    static let interval = Duration.seconds(1)
    /// How long memory is served after it was in step.
    static let bound = Duration.seconds(2)

    /// The right to ask.
    struct Turn {
        /// Up to which write memory has followed; `nil` when it never did.
        let since: Int64?
    }

    private struct State {
        /// The newest write that memory has followed; `nil` before the first answer.
        var seen: Int64?
        var isAsking = false
        /// Whether something may have been missed since the last question was put.
        var isHurried = false
    }

    private let state = Mutex(State())
    /// In microseconds; read by every lookup, so it needs no lock.
    private let confirmedAt = Atomic<Int64>(.min)
    /// When it is time to ask again; in microseconds too.
    private let dueAt = Atomic<Int64>(.min)

    /// Whether memory may be served.
    func isConfirmed(at now: Timestamp) -> Bool {
        let confirmed = confirmedAt.load(ordering: .acquiring)
        return confirmed != .min && now.microseconds - confirmed < Self.boundMicroseconds
    }

    /// When memory was last known to be in step; `nil` before the first answer.
    var lastConfirmation: Timestamp? {
        let confirmed = confirmedAt.load(ordering: .acquiring)
        return confirmed == .min ? nil : Timestamp(microseconds: confirmed)
    }

    /// Whether it is time to ask.
    func isDue(at now: Timestamp) -> Bool {
        now.microseconds >= dueAt.load(ordering: .relaxed)
    }

    /// Makes it time to ask: something may have been missed. Memory may be served as before.
    func hurry() {
        state.withLock { $0.isHurried = true }
        dueAt.store(.min, ordering: .relaxed)
    }

    /// Whether memory has followed a write.
    func hasSeen(_ version: Int64) -> Bool { state.withLock { $0.seen.map { $0 >= version } ?? false } }

    /// Whether somebody is asking now.
    var isAsking: Bool { state.withLock { $0.isAsking } }

    /// Takes the turn to ask; `nil` while somebody else has it. Who gets it must ``finish(_:)``.
    func begin() -> Turn? {
        state.withLock { state in
            guard !state.isAsking else { return nil }
            state.isAsking = true
            state.isHurried = false
            return Turn(since: state.seen)
        }
    }

    /// Ends a turn. With an answer, once memory has followed it: `askedAt` is from before the question was put.
    func finish(_ answer: (newest: Int64, askedAt: Timestamp)?) {
        state.withLock { state in
            state.isAsking = false
            guard let answer else { return }
            state.seen = answer.newest
            confirmedAt.store(answer.askedAt.microseconds, ordering: .releasing)
            if !state.isHurried {
                dueAt.store(answer.askedAt.microseconds + Self.intervalMicroseconds, ordering: .relaxed)
            }
        }
    }

    private static let boundMicroseconds = bound.wholeMicroseconds
    private static let intervalMicroseconds = interval.wholeMicroseconds
}
