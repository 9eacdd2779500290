/// The series that an endpoint has failed on while it took others, as many as are worth remembering.
struct KnownFailures {
    private static let limit = 1_000
    private var labels: Set<[UInt8]> = []

    /// Whether there are none.
    var isEmpty: Bool { labels.isEmpty }

    /// Whether a series is one of them, by its labels as they are sent.
    func contains(_ series: [UInt8]) -> Bool { labels.contains(series) }

    /// Notes one; one of those that were noted before is forgotten when there are too many.
    mutating func insert(_ series: [UInt8]) {
        if labels.count >= Self.limit, let one = labels.first { labels.remove(one) }
        labels.insert(series)
    }

    /// Forgets one, for it was taken.
    mutating func remove(_ series: [UInt8]) {
        labels.remove(series)
    }
}
