internal import Foundation
internal import MillraceCore

/// Time that only goes forward, and is cheap to read: what the memory tier measures its deadlines by.
///
/// It has the unit of `Timestamp` and an origin of its own, so that nobody who sets the host's clock makes
/// values live longer. The host's is read without its last milliseconds; so there are two readings, one that is never
/// ahead of the truth and one that is never behind it.
public struct SteadyTime: Sendable {
    private let read: (@Sendable () -> Timestamp)?

    /// The host's.
    public static let host = SteadyTime(read: nil)

    /// Takes the time from a clock, which a test moves by hand.
    public init(_ clock: some Clock<Duration>) {
        let origin = clock.now
        self.init { Timestamp(microseconds: origin.duration(to: clock.now).wholeMicroseconds) }
    }

    private init(read: (@Sendable () -> Timestamp)?) {
        self.read = read
    }

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
