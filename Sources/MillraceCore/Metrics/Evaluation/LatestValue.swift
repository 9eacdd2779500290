/// The value of one series at a time: its newest sample of the five minutes up to it, if that does not say that the series has
/// ended.
public struct LatestValue: SampleWindow {
    /// The time.
    public let time: Timestamp
    private var newest: TimestampedValue?

    /// Makes the window of a series without samples.
    public init(at time: Timestamp) {
        self.time = time
    }

    /// The time of the first sample that matters.
    public var reach: Timestamp { time - StepValues.lookBack }

    /// Takes the next sample; one that is later than the time, or too old for it, does not matter.
    public mutating func add(_ value: Double, at time: Timestamp) {
        guard reach <= time, time <= self.time else { return }
        if let newest, time <= newest.time { return }
        newest = TimestampedValue(value, at: time)
    }

    /// The value; `nil` when there is none.
    public var value: Double? {
        newest.flatMap { StaleMarker.isMarker($0.value) ? nil : $0.value }
    }
}
