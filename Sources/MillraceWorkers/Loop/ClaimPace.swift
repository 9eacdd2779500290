internal import MillraceCore

/// When a loop claims: as long as the store has more than is asked for, and otherwise now and then.
///
/// A claim that got less than it asked for has seen everything. What it got may enqueue more, so the first of it to end
/// is a reason to look again; that the others end is none, as a loop with many items would do nothing but look. A plain
/// state machine: time is an argument.
struct ClaimPace {
    private var hasMore = true
    private var nextLook = Duration.zero

    /// Whether to claim now, if there are free places.
    func isDue(at now: Duration, isAnnounced: Bool) -> Bool {
        hasMore || isAnnounced || nextLook <= now
    }

    /// Notes what a claim got, which saw the store as it was no earlier than `now`.
    mutating func note(found: Int, of places: Int, at now: Duration, nextLookAfter interval: Duration) {
        hasMore = found >= places
        nextLook = now + interval
    }

    /// Notes that the store did not answer.
    mutating func noteFailure(at now: Duration, nextLookAfter interval: Duration) {
        hasMore = false
        nextLook = now + interval
    }

    /// How long nothing is to be claimed, unless work is announced.
    func untilNextLook(at now: Duration) -> Duration { max(.zero, nextLook - now) }
}
