public import Logging
public import MillraceCore
public import ServiceLifecycle

/// Looks after a cache in a process that has no worker: every ten seconds, and once more at the end.
///
/// It writes the uses and counters that were gathered in memory, removes what has expired, and keeps the store within its
/// bounds. A ``WorkerService`` does so for its own cache.
public struct CacheService: Service {
    private let keeper: CacheKeeper

    /// Makes a service that does nothing until ``run()``.
    public init(
        _ cache: any CacheRepository, time: MonotonicTime = MonotonicTime(ContinuousClock()), logger: Logger
    ) {
        keeper = CacheKeeper(cache: cache, time: time, logger: logger)
    }

    /// Goes on until a graceful shutdown or until its task is cancelled; what was gathered by then is written.
    public func run() async throws {
        // A task of its own for the last pass, because a store refuses a task that is cancelled.
        do {
            try await cancelWhenGracefulShutdown { try await keeper.run() }
        } catch is CancellationError {
            await Task { await keeper.pass() }.value
        }
        try Task.checkCancellation()
    }
}
