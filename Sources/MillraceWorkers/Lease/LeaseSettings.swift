public import MillraceCore

/// How leases are kept.
public struct LeaseSettings: Sendable, Hashable {
    /// How long a lease holds after a heartbeat.
    public let duration: Duration
    /// The time between heartbeats.
    public let beatInterval: Duration
    /// The time between looks for work whose worker has died.
    public let rescueInterval: Duration
    /// The time between recounts of open processings.
    public let sweepInterval: Duration

    /// Makes settings. With the defaults a dead worker's work is taken up within 15 seconds, and at once when its
    /// process ran on the same host.
    ///
    /// - Throws: `InvalidValue` unless all are positive and two heartbeats fit into a lease.
    public init(
        duration: Duration = .seconds(10), beatInterval: Duration = .seconds(2),
        rescueInterval: Duration = .seconds(2), sweepInterval: Duration = .seconds(30)
    ) throws(InvalidValue) {
        guard [duration, beatInterval, rescueInterval, sweepInterval].allSatisfy({ $0 > .zero }) else {
            throw InvalidValue("lease settings", "must be positive")
        }
        guard beatInterval * 2 <= duration else {
            throw InvalidValue("lease settings", "must leave time for two heartbeats in a lease")
        }
        self.init(
            trusting: duration, beatInterval: beatInterval, rescueInterval: rescueInterval,
            sweepInterval: sweepInterval)
    }

    private init(
        trusting duration: Duration, beatInterval: Duration, rescueInterval: Duration, sweepInterval: Duration
    ) {
        self.duration = duration
        self.beatInterval = beatInterval
        self.rescueInterval = rescueInterval
        self.sweepInterval = sweepInterval
    }

    /// The defaults of ``init(duration:beatInterval:rescueInterval:sweepInterval:)``.
    public static let standard = LeaseSettings(
        trusting: .seconds(10), beatInterval: .seconds(2), rescueInterval: .seconds(2), sweepInterval: .seconds(30))

    /// For how long a worker trusts its own lease: a tenth less, so that its work stops before another's begins.
    var trusted: Duration { duration * 0.9 }
}
