public import MillraceCore

/// The part of a recording that is wanted. Times stay those of the whole recording.
public struct RecordingRange: Hashable, Sendable {
    /// Everything.
    public static let whole = RecordingRange(uncheckedStart: .zero, end: nil)

    /// Where it begins, from the beginning of the recording.
    public let start: Duration
    /// Where it ends, from the beginning of the recording; `nil` for where the recording ends.
    public let end: Duration?

    /// Names a part.
    ///
    /// - Throws: `InvalidValue` unless 0 ≤ `start` < `end`, and both are below 10,000 hours.
    public init(start: Duration = .zero, end: Duration? = nil) throws(InvalidValue) {
        let latest = Duration.seconds(36_000_000)
        guard start >= .zero, start <= latest, end ?? .zero <= latest else {
            throw InvalidValue("range", "must lie between 0 and 10000 hours")
        }
        if let end, end <= start { throw InvalidValue("range", "must end after it begins") }
        self.init(uncheckedStart: start, end: end)
    }

    private init(uncheckedStart start: Duration, end: Duration?) {
        self.start = start
        self.end = end
    }

    /// The samples of this part in a recording of so many.
    ///
    /// Throws `outOfRange` when the recording ends before.
    func samples(of count: Int64, name: String) throws(TranscriptionError) -> SampleRange {
        let first = Self.samples(start)
        let last = end.map(Self.samples) ?? count
        guard first < count, last <= count else {
            let asked = first < count ? last : first
            throw TranscriptionError(
                .outOfRange,
                "\(name): is \(Self.clock(count)) long and does not reach to \(Self.clock(asked)); ask for a part of it"
            )
        }
        // Two times may fall on one sample.
        return SampleRange(uncheckedStart: first, end: max(first + 1, last))
    }

    private static func samples(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        let rate = Int64(SampleRange.sampleRate)
        return seconds * rate + attoseconds / (1_000_000_000_000_000_000 / rate)
    }

    /// As in `1:02:03.450`.
    private static func clock(_ samples: Int64) -> String {
        let milliseconds = samples * 1_000 / Int64(SampleRange.sampleRate)
        func padded(_ number: Int64, _ width: Int) -> String {
            let digits = "\(number)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let seconds = milliseconds / 1_000
        return
            "\(seconds / 3_600):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2)).\(padded(milliseconds % 1_000, 3))"
    }
}
