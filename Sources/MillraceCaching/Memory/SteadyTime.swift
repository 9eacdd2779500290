internal import Foundation
internal import MillraceCore

/// Time that only goes forward, and is cheap to read: what the memory tier measures its deadlines by.
///
/// It has the unit of `Timestamp` and an origin of its own, so that nobody who sets the host's clock makes
/// values live longer. The host's is read without its last milliseconds; so there are two readings, one that is never
/// ahead of the truth and one that is never behind it.
public struct SteadyTime: Sendable {
    private let read: (@Sendable () -> Timestamp)?
    private let readSuspended: @Sendable () -> Duration

    /// The host's.
    public static let host = SteadyTime(read: nil, suspended: hostSuspended)

    /// Takes the time from a clock, which a test moves by hand, and how long that has stood still from `suspended`.
    public init(_ clock: some Clock<Duration>, suspended: @escaping @Sendable () -> Duration = { .zero }) {
        let origin = clock.now
        self.init(
            read: { Timestamp(microseconds: origin.duration(to: clock.now).wholeMicroseconds) }, suspended: suspended)
    }

    private init(read: (@Sendable () -> Timestamp)?, suspended: @escaping @Sendable () -> Duration) {
        self.read = read
        readSuspended = suspended
    }

    /// How long time has stood still, from an origin of no meaning: as long as the host was suspended.
    ///
    /// It may be less than the truth by what passes between two instructions, never more.
    func suspended() -> Duration { readSuspended() }

    /// A time that is past.
    func earliest() -> Timestamp {
        guard let read else { return Timestamp(microseconds: Self.coarse()) }
        return read()
    }

    /// A time that is not past yet: what is asked whether a deadline has passed.
    func latest() -> Timestamp {
        guard let read else { return Timestamp(microseconds: Self.coarse() + Self.tick) }
        return read()
    }

    #if os(Linux)
        private static var source: clockid_t { CLOCK_MONOTONIC_COARSE }
    #else
        private static var source: clockid_t { CLOCK_MONOTONIC_RAW_APPROX }
    #endif

    private static let hostSuspended: @Sendable () -> Duration = {
        #if os(Linux)
            // In this order, so that a pause between the two does not look like a suspension.
            let withSuspensions = time(of: CLOCK_BOOTTIME)
            return withSuspensions - time(of: CLOCK_MONOTONIC)
        #else
            // The clock that is read goes on while the host is suspended.
            return .zero
        #endif
    }

    private static func time(of clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }

    /// How far the coarse clock may lag, in microseconds.
    private static let tick: Int64 = {
        var resolution = timespec()
        clock_getres(source, &resolution)
        return Int64(resolution.tv_sec) * 1_000_000 + Int64(resolution.tv_nsec) / 1_000 + 1
    }()

    private static func coarse() -> Int64 {
        var time = timespec()
        clock_gettime(source, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}
