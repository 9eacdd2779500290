public import MillraceCore

/// Something that a worker did, for those who show its progress.
public enum WorkerEvent: Sendable, Hashable {
    /// A chunk was transcribed, or its result found in the cache.
    case chunkCompleted(ProcessingID, Int, isFromCache: Bool)
    /// A chunk failed; unless it is final, it will be tried again.
    case chunkFailed(ProcessingID, Int, message: String, isFinal: Bool)
    /// The worker has stopped and settled everything, and so many jobs and chunks that were told to end go on all the
    /// same; it does not return before they have. A program may exit now.
    case stoppedExcept(Int)
}
