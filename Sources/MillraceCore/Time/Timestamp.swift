/// A point in time, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// Stores keep times in this resolution, so a value read back equals the value written.
public struct Timestamp: Hashable, Comparable, Sendable, Codable {
    /// Microseconds since the Unix epoch; negative before 1970.
    public let microseconds: Int64

    /// Makes a point in time from microseconds since the Unix epoch.
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Encoded as a bare integer of microseconds.
    public init(from decoder: any Decoder) throws {
        microseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Encoded as a bare integer of microseconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(microseconds)
    }

    /// Orders by time, earlier first.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// The point `duration` later, rounded towards zero to a microsecond; the last one beyond what fits.
    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = time.microseconds.addingReportingOverflow(duration.wholeMicroseconds)
        return Timestamp(microseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// The point `duration` earlier, rounded towards zero to a microsecond; the first one beyond what fits.
    public static func - (time: Timestamp, duration: Duration) -> Timestamp {
        let (rest, overflow) = time.microseconds.subtractingReportingOverflow(duration.wholeMicroseconds)
        return Timestamp(microseconds: overflow ? (duration < .zero ? .max : .min) : rest)
    }

    /// The time from `right` to `left`; negative when `left` is earlier.
    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microseconds) - .microseconds(right.microseconds)
    }
}

extension Duration {
    /// This duration in whole microseconds, rounded towards zero and clamped to the range of `Int64`.
    public var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (whole, overflowOfParts) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        if overflow || overflowOfParts { return self < .zero ? .min : .max }
        return whole
    }

    /// This duration in seconds, as a floating-point number.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
