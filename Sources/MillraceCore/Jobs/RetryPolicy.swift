/// How long a failed job or chunk waits before it is run again.
public struct RetryPolicy: Sendable, Hashable, Codable {
    /// How the delay grows from one retry to the next.
    public enum Growth: String, Sendable, Codable {
        /// `base`, 2 `base`, 4 `base` …, and a random part of it is taken.
        case exponential
        /// `base`, 2 `base`, 3 `base` ….
        case linear
        /// Always `base`.
        case fixed
    }

    /// How the delay grows.
    public let growth: Growth
    /// The delay before the first retry, in seconds.
    public let baseSeconds: Double
    /// No delay is longer, in seconds.
    public let capSeconds: Double

    private init(_ growth: Growth, base: Duration, cap: Duration) {
        self.growth = growth
        baseSeconds = max(0, base.inSeconds)
        capSeconds = max(0, cap.inSeconds)
    }

    /// Doubles from retry to retry; the delay is drawn evenly from zero to the grown value ("full jitter"), so that
    /// workers that failed together do not come back together.
    public static func exponential(base: Duration = .seconds(1), cap: Duration = .seconds(60)) -> RetryPolicy {
        RetryPolicy(.exponential, base: base, cap: cap)
    }

    /// Grows by `base` from retry to retry, without jitter.
    public static func linear(base: Duration, cap: Duration = .seconds(60)) -> RetryPolicy {
        RetryPolicy(.linear, base: base, cap: cap)
    }

    /// Always the same delay.
    public static func fixed(_ delay: Duration) -> RetryPolicy {
        RetryPolicy(.fixed, base: delay, cap: delay)
    }

    private static let longestSeconds = 365.0 * 86_400

    /// The delay before a retry: never negative, never more than a year.
    ///
    /// `retry` is 1 before the first retry, 2 before the second; the generator gives the jitter.
    public func delay(beforeRetry retry: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let step = Double(max(1, retry))
        let seconds: Double
        switch growth {
        case .exponential:
            // 2^62 exceeds every cap; a larger exponent would only overflow.
            let grown = min(capSeconds, baseSeconds * Double(UInt64(1) << UInt64(min(step - 1, 62))))
            seconds = grown > 0 ? Double.random(in: 0...grown, using: &generator) : 0
        case .linear:
            seconds = min(capSeconds, baseSeconds * step)
        case .fixed:
            seconds = baseSeconds
        }
        // Settings come from callers and stores; a year is as good as for ever, and fits every sum of times.
        return .microseconds(Int64(min(max(0, seconds), Self.longestSeconds) * 1_000_000))
    }
}
