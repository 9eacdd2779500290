/// Thrown by a handler when what its job is about was called off: the job is CANCELLED.
public struct CancelJob: Error, Hashable {
    /// Ends the job.
    public init() {}
}
