public import MillraceCore

/// When a request that failed is repeated.
public struct RetrySettings: Hashable, Sendable {
    /// 30 ms, doubled up to 5 s; what a server asks for up to 5 minutes; and after a minute of failures alone a batch is
    /// taken apart.
    public static let standard = RetrySettings(
        checkedFirst: .milliseconds(30), longest: .seconds(5), pause: .seconds(300), batchAge: .seconds(60))

    /// The longest wait after the first failure; it doubles with each further one. The wait is drawn evenly from half a
    /// millisecond up to it, so that many senders do not come in step.
    public let firstBackoff: Duration
    /// No wait is longer, unless the server asks for one.
    public let longestBackoff: Duration
    /// No wait is longer, even if the server asks for it.
    public let longestPause: Duration
    /// A batch that fails for longer, while others are taken, is taken apart, to find the series at fault.
    public let maximumBatchAge: Duration

    /// Makes settings.
    ///
    /// - Throws: `InvalidValue` unless each time is at least a millisecond and the second is no shorter than the first, the
    ///   third no shorter than the second.
    public init(
        firstBackoff: Duration = RetrySettings.standard.firstBackoff,
        longestBackoff: Duration = RetrySettings.standard.longestBackoff,
        longestPause: Duration = RetrySettings.standard.longestPause,
        maximumBatchAge: Duration = RetrySettings.standard.maximumBatchAge
    ) throws(InvalidValue) {
        guard firstBackoff >= .milliseconds(1), longestBackoff >= firstBackoff, longestPause >= longestBackoff,
            longestPause <= .seconds(86_400)
        else {
            throw InvalidValue(
                "waits between requests", "must be at least a millisecond, grow, and be at most a day")
        }
        guard maximumBatchAge >= .milliseconds(1), maximumBatchAge <= .seconds(86_400) else {
            throw InvalidValue("age of a batch", "must be between a millisecond and a day")
        }
        self.init(
            checkedFirst: firstBackoff, longest: longestBackoff, pause: longestPause, batchAge: maximumBatchAge)
    }

    private init(checkedFirst: Duration, longest: Duration, pause: Duration, batchAge: Duration) {
        firstBackoff = checkedFirst
        longestBackoff = longest
        longestPause = pause
        maximumBatchAge = batchAge
    }

    /// How long to wait after so many failures in a row, one or more: full jitter.
    func backoff(after failures: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let limit = min(longestBackoff, firstBackoff * (1 << min(max(failures, 1) - 1, 20)))
        let shortest = min(Duration.microseconds(500), limit)
        return shortest + (limit - shortest) * Double.random(in: 0...1, using: &generator)
    }
}
