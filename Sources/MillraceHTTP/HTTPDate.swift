internal import Foundation

/// A time as headers of HTTP tell it (RFC 9110, section 5.6.7).
package enum HTTPDate {
    /// More is as good as for ever, and fits every sum of times; in seconds.
    package static let longestWait = 365.0 * 86_400

    /// The wait from a start to a date, both in the text of a header; a start that is missing or is no date is that of
    /// `now`, in seconds since 1970. What has passed already is no wait.
    ///
    /// A date that a server names counts from its own clock, since clocks differ. `nil` when the text is no date.
    package static func wait(until text: String, from start: String?, now: Double) -> Duration? {
        guard let until = seconds(text) else { return nil }
        return .seconds(min(longestWait, max(0, until - (start.flatMap(seconds) ?? now))))
    }

    /// Seconds since 1970 of a date in one of the three forms that HTTP has had.
    private static func seconds(_ text: String) -> Double? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        for format in ["EEE, dd MMM yyyy HH:mm:ss zzz", "EEEE, dd-MMM-yy HH:mm:ss zzz", "EEE MMM d HH:mm:ss yyyy"] {
            formatter.dateFormat = format
            if let date = formatter.date(from: text) { return date.timeIntervalSince1970 }
        }
        return nil
    }
}
