/// What becomes of the samples of one series on their way to an answer.
///
/// Samples come in the order of their times. Of two with one time the first counts; one that is older than the one before is
/// left out.
public protocol SampleWindow: Sendable {
    /// Takes the next sample of the series; a value that is ``StaleMarker/value`` says that it has ended.
    mutating func add(_ value: Double, at time: Timestamp)
}
