public import MillraceCore

/// Something that a worker did, for those who show its progress.
public enum WorkerEvent: Sendable, Hashable {
    /// A chunk was transcribed, or its result found in the cache.
    case chunkCompleted(ProcessingID, Int, isFromCache: Bool)
    /// A chunk failed; unless it is final, it will be tried again.
    case chunkFailed(ProcessingID, Int, message: String, isFinal: Bool)
    /// The worker has stopped, but so many jobs and chunks go on although they were told to end. They were given back for
    /// others, or fall to them with the end of the lease when the store failed; ``WorkerService/run()`` returns without
    /// waiting for them.
    case stoppedExcept(Int)
}
