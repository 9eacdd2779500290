internal import Foundation
internal import MillraceCore

/// What a server says by `Retry-After` (RFC 9110, section 10.2.3): a number of seconds or a date.
enum RetryAfter {
    /// How long to wait from now on; `nil` when nothing is said, or nothing that can be understood, as a negative number.
    ///
    /// A date counts from the answer's own `Date`, since clocks differ, and from ours without one. What has passed already is
    /// no wait.
    static func delay(_ text: String?, date: String?, at now: Timestamp) -> Duration? {
        guard let text = text?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return .seconds(min(longest, Double(text) ?? longest))
        }
        guard let until = seconds(text) else { return nil }
        let start = date.flatMap(seconds) ?? Double(now.microseconds) / 1_000_000
        return .seconds(min(longest, max(0, until - start)))
    }

    /// More is as good as for ever, and fits every sum of times.
    private static let longest = 365.0 * 86_400

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
