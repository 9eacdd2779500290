internal import MillraceCore

/// The server counts microseconds from 2000-01-01T00:00:00Z; its first and last numbers are `-infinity` and `infinity`.
enum PostgresEpoch {
    private static let offset: Int64 = 946_684_800_000_000

    static func encode(_ time: Timestamp) -> Int64 {
        if time.microseconds == .max { return .max }
        let (number, overflow) = time.microseconds.subtractingReportingOverflow(offset)
        return overflow ? .min : number
    }

    static func decode(_ number: Int64) -> Timestamp {
        if number == .min { return Timestamp(microseconds: .min) }
        let (microseconds, overflow) = number.addingReportingOverflow(offset)
        return Timestamp(microseconds: overflow ? .max : microseconds)
    }
}
