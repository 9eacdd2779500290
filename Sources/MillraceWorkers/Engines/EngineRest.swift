/// What is known of an engine that said that it is gone, without clock or tasks.
///
/// It is checked with growing pauses. When its check passes it is on trial: what it is given then shows whether it is back,
/// for there are faults that no check sees, such as a model that an API has no more.
struct EngineRest {
    /// The pause before the first check.
    static let firstPause = Duration.seconds(1)
    /// The longest pause before a check.
    static let longestPause = Duration.seconds(60)

    private var pause = firstPause
    private var hasCheckFailed = false
    /// When to check it; `nil` while it is on trial.
    private(set) var nextCheck: Duration?

    init(at now: Duration) {
        nextCheck = now + pause
    }

    /// Whether it is given work, to see what comes of it.
    var isOnTrial: Bool { nextCheck == nil }

    /// Whether it is time to check it.
    func isDue(at now: Duration) -> Bool {
        nextCheck.map { $0 <= now } ?? false
    }

    /// Its check has failed.
    mutating func checkFailed(at now: Duration) {
        hasCheckFailed = true
        wait(at: now)
    }

    /// Its check has passed: it is on trial, or back if the check is known to see what was wrong.
    mutating func checkPassed() -> Bool {
        nextCheck = nil
        return hasCheckFailed
    }

    /// It said once more that it is gone; from work that it was given before, that is no news.
    mutating func refused(at now: Duration) {
        if isOnTrial { wait(at: now) }
    }

    private mutating func wait(at now: Duration) {
        pause = min(pause * 2, Self.longestPause)
        nextCheck = now + pause
    }
}
