public import MillraceCore

/// Thrown by a handler whose job cannot be run on this machine, but perhaps on another; counts as no retry.
///
/// The job goes back to the queue, with the reason as its error message, and this worker does not take it again for half a
/// minute. When it is an engine that is missing, the worker takes no more work for that until its check passes.
public struct LeaveJob: Error, Hashable {
    /// Why this machine cannot run it.
    public let reason: String
    /// The engine that this machine lacks for now, one of the worker's own; `nil` when it is something else.
    public let engine: EngineIdentity?

    /// Leaves the job to others.
    public init(_ reason: String, missing engine: EngineIdentity? = nil) {
        self.reason = reason
        self.engine = engine
    }
}
