internal import Foundation

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
