/// How urgent a job is: 3 is high and first, 2 medium, 1 low.
public enum JobPriority: Int, Sendable, Codable, CaseIterable, Comparable {
    /// Last.
    case low = 1
    /// The default.
    case medium = 2
    /// First.
    case high = 3

    /// Reads a number.
    ///
    /// - Throws: ``InvalidValue`` outside 1…3.
    public init(_ number: Int) throws(InvalidValue) {
        guard let priority = JobPriority(rawValue: number) else {
            throw InvalidValue("priority", "\(number) is not 1 (low), 2 (medium) or 3 (high)")
        }
        self = priority
    }

    /// Orders by urgency, the least urgent first.
    public static func < (left: JobPriority, right: JobPriority) -> Bool {
        left.rawValue < right.rawValue
    }
}
