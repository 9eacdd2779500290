/// How leases are kept.
public struct LeaseSettings: Sendable, Hashable {
    /// How long a lease holds after a heartbeat.
    public var duration: Duration
    /// The time between heartbeats.
    public var beatInterval: Duration
    /// The time between looks for work whose worker has died.
    public var rescueInterval: Duration
    /// The time between recounts of open processings.
    public var sweepInterval: Duration

    /// Makes settings. With the defaults a dead worker's work is taken up within 15 seconds, and at once when its
    /// process ran on the same host.
    public init(
        duration: Duration = .seconds(10), beatInterval: Duration = .seconds(2),
        rescueInterval: Duration = .seconds(2), sweepInterval: Duration = .seconds(30)
    ) {
        self.duration = duration
        self.beatInterval = beatInterval
        self.rescueInterval = rescueInterval
        self.sweepInterval = sweepInterval
    }

    /// For how long a worker trusts its own lease: a tenth less, so that its work stops before another's begins.
    var trusted: Duration { duration * 0.9 }
}
