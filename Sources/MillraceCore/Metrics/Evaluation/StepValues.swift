/// The values of one series at the steps of a range, as Prometheus finds them: at each the newest sample of the five minutes
/// up to it, and none when that says that the series has ended.
///
/// Holds one sample and the values found, however many samples there are.
public struct StepValues: SampleWindow {
    /// How long a sample counts; one that is exactly so old still does.
    public static let lookBack = Duration.seconds(300)

    /// The steps.
    public let range: TimeRange
    /// The values found so far.
    private var values: [TimestampedValue] = []
    /// The sample that counts for the next step.
    private var newest: TimestampedValue?
    /// The first step that has not been looked at, in microseconds; `nil` when there are no more.
    private var next: Int64?

    /// Makes the window of a series without samples.
    public init(_ range: TimeRange) {
        self.range = range
        next = range.start.microseconds
    }

    /// No more steps are looked at for one answer; each may have a value of every series.
    public static let maximumSteps = 3_000_000

    /// Makes the window of a series without samples, for an answer that is held in memory.
    ///
    /// - Throws: `invalid` when the range has more than ``maximumSteps``.
    public init(answering range: TimeRange) throws(StoreError) {
        guard range.stepCount <= Self.maximumSteps else {
            throw StoreError(
                .invalid,
                "the range has \(range.stepCount) steps, of which at most \(Self.maximumSteps) are answered; ask for longer ones"
            )
        }
        self.init(range)
    }

    /// The time of the first sample that matters to a step of a range.
    public static func reach(of range: TimeRange) -> Timestamp { range.start - lookBack }

    /// Takes the next sample.
    public mutating func add(_ value: Double, at time: Timestamp) {
        if let newest, time <= newest.time { return }
        findValues(before: time)
        newest = TimestampedValue(value, at: time)
    }

    /// The values at all steps that have one.
    public func finish() -> [TimestampedValue] {
        var window = self
        window.findValues(before: window.range.end + .microseconds(1))
        return window.values
    }

    /// Looks at the steps up to a time, which is that of the next sample.
    private mutating func findValues(before time: Timestamp) {
        let step = range.step.wholeMicroseconds
        let end = min(time.microseconds, (range.end + .microseconds(1)).microseconds)
        if let newest, !StaleMarker.isMarker(newest.value) {
            let last = (newest.time + Self.lookBack).microseconds
            while let current = next, current < end, current <= last {
                values.append(TimestampedValue(newest.value, at: Timestamp(microseconds: current)))
                next = Self.sum(current, step)
            }
        }
        // Where nothing is to be found there may be more steps than anybody could walk over.
        guard let current = next, current < end else { return }
        let rest = Int64(UInt64(bitPattern: end &- current) % UInt64(step))
        next = rest == 0 ? end : Self.sum(end, step - rest)
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64? {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? nil : sum
    }
}
