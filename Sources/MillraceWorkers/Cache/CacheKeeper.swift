internal import Logging
internal import MillraceCore

/// Calls for the upkeep of a cache in time.
struct CacheKeeper: Sendable {
    /// How often uses and counters reach the store.
    static let interval = Duration.seconds(10)

    let cache: any CacheRepository
    let time: MonotonicTime
    let logger: Logger

    /// Goes on until the task is cancelled; ``pass()`` is to follow.
    func run() async throws {
        while true {
            try await time.sleep(for: Self.interval)
            await pass()
        }
    }

    /// Does what is due now. Trouble of the cache costs nobody anything: what was gathered is kept for the next time.
    func pass() async {
        do throws(StoreError) {
            let done = try await cache.maintain()
            guard done.expired > 0 || done.evicted > 0 || done.purged > 0 else { return }
            logger.debug(
                "Removed values from the cache",
                metadata: [
                    "expired": "\(done.expired)", "evicted": "\(done.evicted)", "invalidated": "\(done.purged)",
                ])
        } catch {
            guard error.code != .cancelled else { return }
            logger.warning("The upkeep of the cache failed", metadata: ["error": "\(error)"])
        }
    }
}
