internal import MillraceCore

/// Knows the newest sample of each series, so that none goes out that Prometheus would refuse with all that is in its
/// request: one that is not newer than the one before.
struct SeriesGuard {
    private struct Known {
        let series: MetricSeries
        let encoded: EncodedSeries
        /// The time of the newest sample, in milliseconds; what comes must be newer.
        var last: Int64
        /// The last call that brought samples, and how many it has brought so far.
        var call: UInt64 = 0
        var samplesOfCall = 0
    }

    /// A sample that was let in.
    struct Admission {
        let encoded: EncodedSeries
        /// What its time had to be later than, in milliseconds.
        let before: Int64
        /// How many samples of the series the same call has brought before.
        let place: Int
    }

    /// Series without a sample for so long are forgotten, in milliseconds; what comes of them still must be newer than that.
    static let memory: Int64 = 2 * 3_600_000

    private var known: [Known] = []
    private var places: [MetricSeries: Int] = [:]
    /// The place behind the one of the last sample: who samples many series does it in the same order each time.
    private var next = 0
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
        guard let place = place(of: sample.series) else {
            guard time > floors[shard] else { return nil }
            next = known.count
            places[sample.series] = next
            known.append(
                Known(series: sample.series, encoded: EncodedSeries(sample.series), last: floors[shard]))
            return admit(time, at: next, call)
        }
        guard time > known[place].last else { return nil }
        return admit(time, at: place, call)
    }

    private mutating func admit(_ time: Int64, at place: Int, _ call: UInt64) -> Admission {
        next = place + 1
        let before = known[place].last
        let earlier = known[place].call == call ? known[place].samplesOfCall : 0
        known[place].last = time
        known[place].call = call
        known[place].samplesOfCall = earlier + 1
        return Admission(encoded: known[place].encoded, before: before, place: earlier)
    }

    private func place(of series: MetricSeries) -> Int? {
        if next < known.count, known[next].series == series { return next }
        return places[series]
    }

    /// Takes back that a sample was let in, unless a newer one was since.
    mutating func takeBack(_ sample: MetricSample, before: Int64) {
        guard let place = place(of: sample.series), known[place].last == SeriesEncoder.milliseconds(of: sample.time)
        else { return }
        known[place].last = before
    }

    /// Forgets series that have ended long ago; looks at all of them once an hour of their time.
    mutating func forget() {
        guard newest != .min else { return }
        if forgotAt == .min { forgotAt = newest }
        guard newest - forgotAt >= Self.memory / 2 else { return }
        forgotAt = newest
        let limit = newest - Self.memory
        known.removeAll { $0.last <= limit }
        places = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1.series, $0) })
        next = 0
        floors = floors.map { max($0, limit) }
    }
}
