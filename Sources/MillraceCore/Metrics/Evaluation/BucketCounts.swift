/// What a histogram has counted in its buckets, each of which holds those below it too; the percentiles of it, as
/// `histogram_quantile` of Prometheus finds them.
public struct BucketCounts: Sendable {
    private var counts: [Double: Double] = [:]

    /// Makes the counts of nothing.
    public init() {}

    /// Adds to the bucket of a bound; `Double.infinity` is that of the last one.
    public mutating func add(_ count: Double, upTo bound: Double) {
        counts[bound, default: 0] += count
    }

    /// The value below which a share of all observations lies, if those of a bucket are spread evenly over it.
    ///
    /// The first bucket begins at zero, unless its bound is not above that: then its bound is the value, as it is for what
    /// lies beyond the greatest bound. `nil` when nothing was counted, when there is no bucket without bound, or when it is
    /// the only one.
    public func value(at percentile: Percentile) -> Double? {
        var buckets = counts.map { (bound: $0.key, count: $0.value) }.sorted { $0.bound < $1.bound }
        guard buckets.count >= 2, buckets.last?.bound == .infinity else { return nil }
        // Buckets that were read at different moments may contradict each other.
        for index in buckets.indices.dropFirst() {
            buckets[index].count = max(buckets[index].count, buckets[index - 1].count)
        }
        let total = buckets[buckets.count - 1].count
        guard total > 0 else { return nil }
        let rank = percentile.quantile * total
        guard let place = buckets.dropLast().firstIndex(where: { $0.count >= rank }) else {
            return buckets[buckets.count - 2].bound
        }
        let bucket = buckets[place]
        guard place > 0 else {
            guard bucket.bound > 0 else { return bucket.bound }
            // Of an empty first bucket, which only the percentile 0 falls into, there is no share.
            return bucket.count > 0 ? bucket.bound * (rank / bucket.count) : nil
        }
        let below = buckets[place - 1]
        return below.bound + (bucket.bound - below.bound) * ((rank - below.count) / (bucket.count - below.count))
    }
}
