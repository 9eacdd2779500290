/// What tells an adapter the time of day.
///
/// The rules of the core never read a clock; they take the time as an argument. Adapters and workers hold one of
/// these, so that a test can hand them a clock that it moves by hand.
public protocol WallClock: Sendable {
    /// The present time of day.
    func now() -> Timestamp
}
