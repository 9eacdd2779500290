/// Thrown by a handler whose job cannot be run on this machine, but perhaps on another; counts as no retry.
///
/// The job goes back to the queue, with the reason as its error message, and this worker does not take it again for half a
/// minute.
public struct LeaveJob: Error, Hashable {
    /// Why this machine cannot run it.
    public let reason: String

    /// Leaves the job to others.
    public init(_ reason: String) {
        self.reason = reason
    }
}
