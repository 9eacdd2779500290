internal import Foundation

/// What tells an adapter the time of day.
///
/// The rules of the core never read a clock; they take the time as an argument. Adapters and workers hold one of
/// these, so that a test can hand them a clock that it moves by hand.
public protocol WallClock: Sendable {
    /// The present time of day.
    func now() -> Timestamp
}

/// The host's time of day.
public struct SystemWallClock: WallClock {
    /// Makes the host's clock.
    public init() {}

    /// The host's present time, in whole microseconds.
    public func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}
