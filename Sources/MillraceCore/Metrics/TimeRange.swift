/// A stretch of time and the steps in which it is looked at: the start, then each step up to the end, which is one of them
/// when it falls on a step.
public struct TimeRange: Hashable, Sendable {
    /// The first step.
    public let start: Timestamp
    /// No step is later.
    public let end: Timestamp
    /// From one step to the next, in whole milliseconds.
    public let step: Duration

    /// Makes a range.
    ///
    /// - Throws: ``InvalidValue`` when the end is not behind the start, the step is under a millisecond or no whole number of
    ///   them, or a time or the step is more than 70,000 years away.
    public init(from start: Timestamp, to end: Timestamp, step: Duration) throws(InvalidValue) {
        guard start < end else { throw InvalidValue("time range", "is empty: its end must be later than its start") }
        guard step >= .milliseconds(1), step == .milliseconds(step.wholeMicroseconds / 1_000) else {
            throw InvalidValue("step of a time range", "must be a whole number of milliseconds, and at least one")
        }
        guard -Self.reach < start.microseconds, end.microseconds < Self.reach, step.wholeMicroseconds < Self.reach
        else {
            throw InvalidValue("time range", "reaches too far: 70,000 years are enough")
        }
        self.start = start
        self.end = end
        self.step = step
    }

    /// So many microseconds that twice as many can be counted.
    private static let reach: Int64 = 1 << 61

    /// How long it is.
    public var length: Duration { end - start }

    /// How many steps it has.
    public var stepCount: Int {
        Int((end.microseconds - start.microseconds) / step.wholeMicroseconds) + 1
    }

    /// The range from the whole steps since 1970 around it, so that two that are asked for at different times have the same
    /// steps; the start moves back to one, the end on to one.
    public var aligned: TimeRange {
        let step = step.wholeMicroseconds
        func floor(_ time: Int64) -> Int64 { time - ((time % step) + step) % step }
        let last = floor(end.microseconds)
        return TimeRange(
            first: Timestamp(microseconds: floor(start.microseconds)),
            last: Timestamp(microseconds: last == end.microseconds ? last : last + step), every: self.step)
    }

    private init(first: Timestamp, last: Timestamp, every step: Duration) {
        start = first
        end = last
        self.step = step
    }
}
