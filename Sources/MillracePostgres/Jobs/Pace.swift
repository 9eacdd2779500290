/// How often something is done: at an interval, or less often if it is costly, so that it takes no more than a share of
/// the time.
struct Pace: Sendable {
    var interval: Duration
    /// It rests for so many times as long as it took.
    var share: Int
    private var next: Duration?

    init(interval: Duration, share: Int) {
        self.interval = interval
        self.share = share
    }

    func isDue(at now: Duration) -> Bool {
        next.map { $0 <= now } ?? true
    }

    mutating func note(from start: Duration, to end: Duration) {
        next = max(start + interval, end + (end - start) * share)
    }
}
