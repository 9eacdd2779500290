/// How long a value may be served; always positive, in whole microseconds.
public struct TTL: Hashable, Sendable, Comparable {
    /// No TTL is longer: ten thousand years would not fit the arithmetic of dates.
    public static let maximum = TTL(unchecked: .seconds(100 * 365 * 86_400))
    /// The memory tier keeps nothing longer: 5 minutes.
    public static let memoryCap = TTL(unchecked: .seconds(300))
    /// The TTL of a value that says nothing else: 30 days.
    public static let standard = TTL(unchecked: .seconds(30 * 86_400))

    /// The time to live.
    public let duration: Duration

    /// Makes a TTL; parts of a microsecond are dropped.
    ///
    /// - Throws: ``InvalidValue`` unless it is at least a microsecond and at most 100 years.
    public init(_ duration: Duration) throws(InvalidValue) {
        let whole = Duration.microseconds(duration.wholeMicroseconds)
        guard whole > .zero else { throw InvalidValue("TTL", "must be positive") }
        guard duration <= Self.maximum.duration else { throw InvalidValue("TTL", "must be at most 100 years") }
        self.init(unchecked: whole)
    }

    /// Makes a TTL of whole microseconds; `nil` when there is no such TTL.
    public init?(microseconds: Int64) {
        guard microseconds > 0, microseconds <= Self.maximumMicroseconds else { return nil }
        self.init(unchecked: .microseconds(microseconds))
    }

    private static let maximumMicroseconds: Int64 = 100 * 365 * 86_400 * 1_000_000

    private init(unchecked duration: Duration) {
        self.duration = duration
    }

    /// Orders by length, the shorter first.
    public static func < (left: TTL, right: TTL) -> Bool {
        left.duration < right.duration
    }
}
