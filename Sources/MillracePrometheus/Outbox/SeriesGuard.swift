internal import MillraceCore

/// Knows the newest sample of each series, so that none goes out that Prometheus would refuse with all that is in its
/// request: one that is not newer than the one before.
struct SeriesGuard {
    struct Known {
        /// The time of the newest sample, in milliseconds.
        var last: Int64
        let encoded: EncodedSeries
    }

    /// Series without a sample for so long are forgotten, in milliseconds; what comes of them still must be newer than that.
    static let memory: Int64 = 2 * 3_600_000

    private var known: [MetricSeries: Known] = [:]
    /// What is not known must be newer than this, by shard.
    private var floors: [Int64]
    private var newest = Int64.min
    private var forgotAt = Int64.min

    /// Makes a guard that lets nothing in that is not newer than these times, by shard: those of processes before.
    init(after times: [Timestamp?]) {
        floors = times.map { $0.map { SeriesEncoder.milliseconds(of: $0) } ?? .min }
    }

    /// How many series it remembers.
    var count: Int { known.count }

    /// Lets a sample in and remembers it; `nil` when it is not newer than the last one of its series.
    ///
    /// - Returns: the series, encoded, and the time of the sample before: `nil` of a series that was not known.
    mutating func admit(_ sample: MetricSample, shard: Int) -> (encoded: EncodedSeries, before: Int64?)? {
        let time = SeriesEncoder.milliseconds(of: sample.time)
        newest = max(newest, time)
        if let entry = known[sample.series] {
            guard time > entry.last else { return nil }
            known[sample.series]?.last = time
            return (entry.encoded, entry.last)
        }
        guard time > floors[shard] else { return nil }
        let entry = Known(last: time, encoded: EncodedSeries(sample.series))
        known[sample.series] = entry
        return (entry.encoded, nil)
    }

    /// Takes back that a sample was let in, unless a newer one was since.
    mutating func takeBack(_ sample: MetricSample, before: Int64?) {
        guard let entry = known[sample.series], entry.last == SeriesEncoder.milliseconds(of: sample.time) else {
            return
        }
        known[sample.series] = before.map { Known(last: $0, encoded: entry.encoded) }
    }

    /// Forgets series that have ended long ago; looks at all of them once an hour of their time.
    mutating func forget() {
        guard newest != .min else { return }
        if forgotAt == .min { forgotAt = newest }
        guard newest - forgotAt >= Self.memory / 2 else { return }
        forgotAt = newest
        let limit = newest - Self.memory
        known = known.filter { $0.value.last > limit }
        floors = floors.map { max($0, limit) }
    }
}
