/// Thrown by a handler to have its job run again later; counts as no retry.
public struct SnoozeJob: Error, Hashable {
    /// How long to wait.
    public let delay: Duration

    /// Puts the job off.
    public init(for delay: Duration) {
        self.delay = delay
    }
}
