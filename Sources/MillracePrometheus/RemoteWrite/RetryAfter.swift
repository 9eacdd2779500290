internal import Foundation
internal import MillraceCore
internal import MillraceHTTP

/// What a server says by `Retry-After` (RFC 9110, section 10.2.3): a number of seconds or a date.
enum RetryAfter {
    /// How long to wait from now on; `nil` when nothing is said, or nothing that can be understood, as a negative number.
    ///
    /// A date counts from the answer's own `Date`, since clocks differ, and from ours without one. What has passed already is
    /// no wait.
    static func delay(_ text: String?, date: String?, at now: Timestamp) -> Duration? {
        guard let text = text?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return .seconds(min(HTTPDate.longestWait, Double(text) ?? HTTPDate.longestWait))
        }
        return HTTPDate.wait(until: text, from: date, now: Double(now.microseconds) / 1_000_000)
    }
}
