internal import MillraceCore

/// Knows the newest sample of each series, so that none goes out that Prometheus would refuse with all that is in its
/// request: one that is not newer than the one before.
struct SeriesGuard {
    private struct Known {
        /// The time of the newest sample, in milliseconds.
        var last: Int64
        let encoded: EncodedSeries
        /// The last call that brought samples, and how many it has brought so far.
        var call: UInt64
        var samplesOfCall = 1
    }

    /// A sample that was let in.
    struct Admission {
        let encoded: EncodedSeries
        /// The time of the sample before, in milliseconds; `nil` of a series that was not known.
        let before: Int64?
        /// How many samples of the series the same call has brought before.
        let place: Int
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
    mutating func admit(_ sample: MetricSample, shard: Int, call: UInt64) -> Admission? {
        let time = SeriesEncoder.milliseconds(of: sample.time)
        newest = max(newest, time)
        // Looked up once: this is done for every sample.
        guard let index = known.index(forKey: sample.series) else {
            guard time > floors[shard] else { return nil }
            let encoded = EncodedSeries(sample.series)
            known[sample.series] = Known(last: time, encoded: encoded, call: call)
            return Admission(encoded: encoded, before: nil, place: 0)
        }
        let entry = known.values[index]
        guard time > entry.last else { return nil }
        let place = entry.call == call ? entry.samplesOfCall : 0
        known.values[index] = Known(last: time, encoded: entry.encoded, call: call, samplesOfCall: place + 1)
        return Admission(encoded: entry.encoded, before: entry.last, place: place)
    }

    /// Takes back that a sample was let in, unless a newer one was since.
    mutating func takeBack(_ sample: MetricSample, before: Int64?) {
        guard let entry = known[sample.series], entry.last == SeriesEncoder.milliseconds(of: sample.time) else {
            return
        }
        known[sample.series] = before.map { Known(last: $0, encoded: entry.encoded, call: entry.call) }
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
