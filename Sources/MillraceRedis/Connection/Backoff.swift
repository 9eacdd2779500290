/// How long to leave a server alone after failures in a row: full jitter, so that a fleet does not come back in step.
///
/// After 1, 2, 3 … failures a time between 10 ms and 50, 100, 200 ms …, at most 5 s.
struct Backoff {
    private static let shortest = Duration.milliseconds(10)
    private static let first = Duration.milliseconds(50)
    private static let longest = Duration.seconds(5)

    private(set) var failures = 0

    /// Notes a failure.
    ///
    /// - Returns: how long to wait before the next attempt.
    mutating func fail(using generator: inout some RandomNumberGenerator) -> Duration {
        let limit = min(Self.longest, Self.first * (1 << min(failures, 10)))
        failures += 1
        return Self.shortest + (limit - Self.shortest) * Double.random(in: 0...1, using: &generator)
    }

    /// Notes that the server does what it is asked.
    mutating func succeed() {
        failures = 0
    }
}
