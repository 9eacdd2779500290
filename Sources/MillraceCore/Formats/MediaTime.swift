/// A time in a recording as files state it: whole milliseconds, never negative.
struct MediaTime: Hashable, Comparable, Sendable {
    /// No time is later: a million hours. Keeps all arithmetic far from overflow.
    static let latest = MediaTime(milliseconds: 3_600_000_000_000)
    static let zero = MediaTime(milliseconds: 0)

    var milliseconds: Int64

    init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Rounds seconds and keeps them between zero and ``latest``; `nil` for what is not a number or not finite.
    init?(seconds: Double) {
        guard seconds.isFinite else { return nil }
        let rounded = (seconds * 1_000).rounded()
        milliseconds = Int64(min(max(0, rounded), Double(Self.latest.milliseconds)))
    }

    static func < (left: MediaTime, right: MediaTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    static func + (time: MediaTime, milliseconds: Int64) -> MediaTime {
        MediaTime(milliseconds: time.milliseconds + milliseconds)
    }

    static func - (left: MediaTime, right: MediaTime) -> Int64 {
        left.milliseconds - right.milliseconds
    }

    /// `HH:MM:SS`, the separator, three digits; more digits of hours from 100 hours on.
    func clock(separator: Character) -> String {
        let seconds = milliseconds / 1_000
        let parts = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { Self.padded($0, to: 2) }
        return parts.joined(separator: ":") + "\(separator)" + Self.padded(milliseconds % 1_000, to: 3)
    }

    /// The seconds in as few digits as say them: `12`, `12.3`, `12.345`.
    var shortSeconds: String {
        var fraction = Self.padded(milliseconds % 1_000, to: 3)
        while fraction.last == "0" { fraction.removeLast() }
        return "\(milliseconds / 1_000)" + (fraction.isEmpty ? "" : "." + fraction)
    }

    private static func padded(_ number: Int64, to width: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
