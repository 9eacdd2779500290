/// The upper bounds of a histogram's buckets, each smaller than the next. A last bucket, without a bound, is always there.
public struct HistogramBuckets: Hashable, Sendable {
    /// No histogram has more bounds.
    public static let maximumCount = 200

    /// The bounds; an observation that equals one belongs to its bucket.
    public let bounds: [Double]

    /// Makes buckets.
    ///
    /// - Throws: ``InvalidValue`` unless there are 1 to 200 bounds, all finite, each greater than the one before.
    public init(_ bounds: [Double]) throws(InvalidValue) {
        guard (1...Self.maximumCount).contains(bounds.count) else {
            throw InvalidValue("buckets", "must have 1 to \(Self.maximumCount) bounds, not \(bounds.count)")
        }
        guard bounds.allSatisfy(\.isFinite) else { throw InvalidValue("buckets", "must have bounds that are finite") }
        guard zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw InvalidValue("buckets", "must have bounds each of which is greater than the one before")
        }
        self.bounds = bounds
    }

    private init(standard bounds: [Double]) {
        self.bounds = bounds
    }

    /// For times in seconds: from half a millisecond, of a look into memory, to ten minutes, of a long chunk.
    public static let seconds = HistogramBuckets(standard: [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
    ])

    /// For times that may be long: from ten milliseconds to a day.
    public static let longSeconds = HistogramBuckets(standard: [
        0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400,
    ])

    /// For round trips to a server nearby, in seconds: from fifty microseconds to five seconds.
    public static let roundTrips = HistogramBuckets(standard: [
        0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5,
    ])

    /// For how many seconds of sound are done in a second.
    public static let speeds = HistogramBuckets(standard: [
        0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500,
    ])

    /// For sizes in bytes: from 64, in steps of four times, to 1 GiB.
    public static let bytes = HistogramBuckets(standard: (0...12).map { Double(64 << (2 * $0)) })

    /// For plain numbers, as lengths of queues: 1, 2 and 5 times each power of ten, from 1 to a million.
    public static let numbers = HistogramBuckets(standard: [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
        1_000_000,
    ])
}
