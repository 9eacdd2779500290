/// A value with its time.
public struct TimestampedValue: Hashable, Sendable {
    /// When it was so.
    public let time: Timestamp
    /// The value.
    public let value: Double

    /// Makes a value with its time.
    public init(_ value: Double, at time: Timestamp) {
        self.time = time
        self.value = value
    }
}
