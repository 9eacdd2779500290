public import MillraceCore

/// How far back a function like `rate` looks from each step.
public struct QueryWindow: Hashable, Sendable, CustomStringConvertible {
    /// How long it is, in whole milliseconds.
    public let length: Duration

    /// Makes a window.
    ///
    /// - Throws: `InvalidValue` unless it is a whole number of milliseconds, at least one and at most 100 years of them.
    public init(_ length: Duration) throws(InvalidValue) {
        let milliseconds = length.wholeMicroseconds / 1_000
        guard length == .milliseconds(milliseconds), milliseconds >= 1, length <= .seconds(100 * 365 * 86_400) else {
            throw InvalidValue(
                "window of a query", "must be a whole number of milliseconds, from 1 to 100 years of them")
        }
        self.length = length
    }

    /// The window from the millisecond of a range's start to that of its end; a millisecond when they are one.
    init(_ range: TimeRange) throws(InvalidValue) {
        try self.init(.milliseconds(max(1, range.end.wholeMilliseconds - range.start.wholeMilliseconds)))
    }

    /// As PromQL writes it: `90s`, `1500ms`.
    public var description: String { PromQLNumber.text(length) }
}

/// How PromQL writes numbers and times.
enum PromQLNumber {
    static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        return number.description
    }

    /// Whole milliseconds.
    static func text(_ duration: Duration) -> String {
        let milliseconds = duration.wholeMicroseconds / 1_000
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
    }

    /// Seconds since 1970, to the millisecond that a time is in.
    static func text(_ time: Timestamp) -> String {
        let milliseconds = time.wholeMilliseconds
        let (seconds, rest) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1_000)
        let digits = String(rest)
        return "\(milliseconds < 0 ? "-" : "")\(seconds).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
    }
}

extension Timestamp {
    /// The millisecond that this time is in, since 1970.
    var wholeMilliseconds: Int64 {
        let (quotient, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000)
        return rest < 0 ? quotient - 1 : quotient
    }
}
