internal import Foundation
internal import MillraceCore
internal import MillraceHTTP

/// How long an API asks to be left alone, by the headers of its answer.
enum RetryHint {
    /// The time to wait from now on; `nil` when nothing is said that can be understood.
    ///
    /// `Retry-After` is seconds or a date (RFC 9110, section 10.2.3); a date counts from the answer's own `Date`, since
    /// clocks differ. `retry-after-ms`, and without either `x-ratelimit-reset-…` of what is used up, are OpenAI's.
    static func delay(_ header: (String) -> String?, at now: Timestamp) -> Duration? {
        if let text = header("retry-after-ms"), let milliseconds = number(text) {
            return .seconds(milliseconds / 1_000)
        }
        if let text = header("retry-after") {
            if let seconds = number(text) { return .seconds(seconds) }
            let now = Double(now.microseconds) / 1_000_000
            if let wait = HTTPDate.wait(until: text, from: header("date"), now: now) { return wait }
        }
        let resets = ["requests", "tokens"].compactMap { kind -> Duration? in
            guard header("x-ratelimit-remaining-\(kind)").flatMap(number) == 0 else { return nil }
            return header("x-ratelimit-reset-\(kind)").flatMap(span)
        }
        return resets.max()
    }

    private static func number(_ text: String) -> Double? {
        guard let value = Double(text.trimmingCharacters(in: .whitespaces)), value.isFinite, value >= 0 else {
            return nil
        }
        return min(HTTPDate.longestWait, value)
    }

    /// A span as Go writes it: `6m0s`, `1.5s`, `20ms`; or plain seconds.
    private static func span(_ text: String) -> Duration? {
        if let seconds = number(text) { return .seconds(seconds) }
        let units = ["h": 3_600.0, "m": 60, "s": 1, "ms": 0.001, "us": 0.000_001, "µs": 0.000_001, "ns": 0.000_000_001]
        var seconds = 0.0
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            let unit = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let value = number(String(digits)), let scale = units[String(unit)] else { return nil }
            seconds += value * scale
            rest = rest.dropFirst(digits.count + unit.count)
        }
        return text.isEmpty ? nil : .seconds(min(HTTPDate.longestWait, seconds))
    }
}
