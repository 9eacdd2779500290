public import MillraceCore

/// What time it is elsewhere, by a clock that nobody sets here. Pure.
///
/// The answer that came back fastest tells best: it may be wrong by half of the time that it took. Answers are taken once
/// a minute and forgotten after five, or when a later one cannot be true beside them: then the clock there was set.
public struct ClockOffset: Sendable {
    private struct Sample {
        let takenAt: Timestamp
        let roundTrip: Duration
        let offset: Duration
    }

    private static let interval = Duration.seconds(60)
    private static let memory = Duration.seconds(300)
    /// Beyond what the round trips explain: two clocks do not run apart faster in five minutes.
    private static let tolerance = Duration.milliseconds(100)

    private var samples: [Sample] = []

    /// Knows nothing.
    public init() {}

    /// Whether it is time to ask.
    public func isDue(at now: Timestamp) -> Bool {
        samples.last.map { now - $0.takenAt >= Self.interval } ?? true
    }

    /// Takes an answer: asked and heard by the clock here, and what the clock there said in between.
    public mutating func add(asked: Timestamp, heard: Timestamp, there: Timestamp) {
        let roundTrip = heard - asked
        let sample = Sample(takenAt: heard, roundTrip: roundTrip, offset: there - (asked + roundTrip / 2))
        samples.removeAll { old in
            let difference = old.offset - sample.offset
            let explained = (old.roundTrip + sample.roundTrip) / 2 + Self.tolerance
            return heard - old.takenAt > Self.memory || difference > explained || difference < .zero - explained
        }
        samples.append(sample)
    }

    /// What time it is there; `nil` before the first answer.
    public func time(at now: Timestamp) -> Timestamp? {
        samples.min { $0.roundTrip < $1.roundTrip }.map { now + $0.offset }
    }
}
