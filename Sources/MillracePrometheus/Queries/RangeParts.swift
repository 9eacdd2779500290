internal import MillraceCore

/// A range of many steps in parts of few: the last step of one is followed by the first of the next.
struct RangeParts: Sequence, IteratorProtocol {
    /// The steps of a part.
    struct Part: Hashable {
        let first: Timestamp
        let last: Timestamp
    }

    private let range: TimeRange
    private let mostSteps: Int
    private var done = 0

    init(_ range: TimeRange, mostSteps: Int) {
        self.range = range
        self.mostSteps = Swift.max(1, mostSteps)
    }

    mutating func next() -> Part? {
        let count = range.stepCount
        guard done < count else { return nil }
        let last = Swift.min(done + mostSteps, count) - 1
        defer { done = last + 1 }
        return Part(first: range.step(done), last: range.step(last))
    }
}

extension TimeRange {
    /// A step, counted from 0.
    func step(_ index: Int) -> Timestamp {
        Timestamp(microseconds: start.microseconds + Int64(index) * step.wholeMicroseconds)
    }

    /// The step whose millisecond this is.
    func step(at time: Timestamp) -> Timestamp {
        let first = start.wholeMilliseconds * 1_000
        return step(Int((time.microseconds - first) / step.wholeMicroseconds))
    }
}

/// The answers to the parts of a range, put together.
struct SplitAnswer {
    private let range: TimeRange
    private var places: [QueriedLabels: Int] = [:]
    private var series: [(labels: QueriedLabels, samples: [TimestampedValue])] = []
    private var warnings: [String] = []

    init(_ range: TimeRange) {
        self.range = range
    }

    /// Takes the answer to the next part.
    mutating func append(_ part: [QueriedSeries], warnings: [String]) {
        for one in part {
            // Prometheus knows milliseconds.
            let samples = one.samples.map { TimestampedValue($0.value, at: range.step(at: $0.time)) }
            if let place = places[one.labels] {
                series[place].samples += samples
            } else {
                places[one.labels] = series.count
                series.append((one.labels, samples))
            }
        }
        for warning in warnings where !self.warnings.contains(warning) { self.warnings.append(warning) }
    }

    /// The answer to the whole range.
    var whole: QueryAnswer {
        QueryAnswer(
            .matrix(series.map { QueriedSeries(labels: $0.labels, samples: $0.samples) }), warnings: warnings)
    }
}
