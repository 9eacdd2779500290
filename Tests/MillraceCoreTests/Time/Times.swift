import MillraceCore

extension Timestamp {
    static let zero = Timestamp(microseconds: 0)

    /// So many seconds after the time at which tests begin.
    static func after(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: (1_700_000_000 + seconds) * 1_000_000)
    }
}
