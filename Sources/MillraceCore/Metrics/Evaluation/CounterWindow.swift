/// How much a counter has grown within a stretch of time, as `increase` and `rate` of Prometheus say it.
///
/// A value that is smaller than the one before says that the counter began anew at zero. What lies between the outermost
/// samples and the ends of the stretch is added as if the counter had grown there at the same pace: as far as the end when
/// that is nearer than 1.1 times the usual distance of samples, else for half that distance, and never back beyond the time
/// at which the counter would have been zero. That a series has ended does not matter here.
public struct CounterWindow: SampleWindow {
    /// The first time that belongs to the stretch.
    public let start: Timestamp
    /// The last one.
    public let end: Timestamp

    private var first: TimestampedValue?
    private var last: TimestampedValue?
    private var count = 0
    /// What the counter had come to when it began anew.
    private var lost = 0.0

    /// Makes the window of a series without samples.
    public init(from start: Timestamp, to end: Timestamp) {
        self.start = start
        self.end = end
    }

    /// Makes the window of a range, whose steps do not matter.
    public init(_ range: TimeRange) {
        self.init(from: range.start, to: range.end)
    }

    /// Takes the next sample; one outside of the stretch does not matter.
    public mutating func add(_ value: Double, at time: Timestamp) {
        guard !StaleMarker.isMarker(value), start <= time, time <= end else { return }
        let sample = TimestampedValue(value, at: time)
        if let last {
            guard last.time < time else { return }
            if value < last.value { lost += last.value }
        } else {
            first = sample
        }
        last = sample
        count += 1
    }

    /// By how much the counter has grown; `nil` for fewer than two samples.
    public var increase: Double? { grown(over: 1) }

    /// By how much the counter has grown a second; `nil` for fewer than two samples, and for a stretch without length.
    public var rate: Double? { grown(over: (end - start).inWholeSeconds) }

    private func grown(over seconds: Double) -> Double? {
        guard count >= 2, seconds > 0, let first, let last else { return nil }
        let grown = last.value - first.value + lost
        let sampled = (last.time - first.time).inWholeSeconds
        let distance = sampled / Double(count - 1)
        let threshold = distance * 1.1
        var toStart = (first.time - start).inWholeSeconds
        if grown > 0, first.value >= 0 { toStart = min(toStart, sampled * (first.value / grown)) }
        let toEnd = (end - last.time).inWholeSeconds
        var length = sampled
        length += toStart < threshold ? toStart : distance / 2
        length += toEnd < threshold ? toEnd : distance / 2
        return grown * (length / sampled / seconds)
    }
}

extension Duration {
    /// The seconds of whole microseconds, rounded once: what Prometheus makes of whole milliseconds.
    fileprivate var inWholeSeconds: Double { Double(wholeMicroseconds) / 1_000_000 }
}
