public import MillraceCore

/// Decides whether a tier that has failed is asked again. Pure: the time is an argument, on any scale that goes forward.
///
/// | state | may be asked | moves on |
/// | --- | --- | --- |
/// | closed | yes | open after so many failures in a row |
/// | open | no | half-open when its time is over |
/// | half-open | by one, the probe | closed when the probe succeeds; open, twice as long, when it fails |
public struct CircuitBreaker: Sendable {
    /// When a breaker opens, and for how long.
    public struct Settings: Sendable {
        /// Failures in a row that open it.
        public var failures: Int
        /// How long it stays open the first time.
        public var pause: Duration
        /// It is never open longer than this.
        public var longestPause: Duration

        /// Makes settings.
        public init(failures: Int = 3, pause: Duration = .seconds(1), longestPause: Duration = .seconds(30)) {
            self.failures = max(1, failures)
            self.pause = pause
            self.longestPause = longestPause
        }
    }

    /// What became of a question.
    public enum Result: Sendable {
        /// It was answered, and be it by a refusal that is the asker's fault.
        case answered
        /// It failed.
        case failed
        /// The asker went away before there was an answer.
        case abandoned
    }

    /// Whether a question may be asked.
    public enum Permission: Sendable, Hashable {
        /// Ask, and tell what became of it.
        case ask
        /// Do not; the tier is asked again after the pause.
        case skip(for: Duration)
    }

    private enum State {
        case closed(failures: Int)
        case open(until: Timestamp, pause: Duration)
        case halfOpen(pause: Duration)
    }

    private let settings: Settings
    private var state = State.closed(failures: 0)

    /// A breaker that is closed.
    public init(_ settings: Settings = Settings()) {
        self.settings = settings
    }

    /// Whether the tier may be asked now. Who is told to ask must ``report(_:at:)``.
    public mutating func permission(at now: Timestamp) -> Permission {
        switch state {
        case .closed:
            return .ask
        case .open(let end, let pause):
            guard now >= end else { return .skip(for: end - now) }
            state = .halfOpen(pause: pause)
            return .ask
        case .halfOpen(let pause):
            return .skip(for: pause)
        }
    }

    /// Takes note of what became of a question that was permitted.
    public mutating func report(_ result: Result, at now: Timestamp) {
        switch (state, result) {
        case (.closed, .answered):
            state = .closed(failures: 0)
        case (.closed(let failures), .failed):
            state =
                failures + 1 < settings.failures
                ? .closed(failures: failures + 1) : .open(until: now + settings.pause, pause: settings.pause)
        case (.halfOpen, .answered):
            state = .closed(failures: 0)
        case (.halfOpen(let pause), .failed):
            let longer = min(pause * 2, settings.longestPause)
            state = .open(until: now + longer, pause: longer)
        case (.halfOpen(let pause), .abandoned):
            // The next one may try at once.
            state = .open(until: now, pause: pause)
        case (.closed, .abandoned), (.open, _):
            // What was asked before it opened tells nothing new.
            break
        }
    }
}
