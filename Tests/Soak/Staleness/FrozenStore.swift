internal import Foundation
internal import MillraceCaching
internal import MillraceCore

/// Freezes the store by locks that another process holds, and looks how long memory is served.
struct FrozenStore: Sendable {
    /// What was seen.
    struct Outcome: CustomStringConvertible {
        /// From the lock to the beginning of the last look that memory answered, in nanoseconds.
        var lastHit: Int64 = 0
        /// Looks that memory did not answer while the store was frozen.
        var refused = 0
        /// Whether memory was served again after the thaw.
        var isBack = false

        var isAsItShouldBe: Bool { lastHit <= 2_000_000_000 && refused > 0 && isBack }

        var description: String {
            String(
                format: "last hit in memory after %.3f s, %d looks refused then, %@ after the thaw",
                Double(lastHit) / 1e9, refused, isBack ? "served again" : "not served again")
        }
    }

    let cache: TieredCache
    let neighbour: Neighbour

    func run() async throws -> Outcome {
        let key = CacheKey(stored: "frozen")
        try await cache.put(key, CacheValue(bytes: Data("1".utf8)), ttl: .standard)
        let frozen = try await neighbour.tell("freeze")
        return try await withThrowingTaskGroup(of: Void.self) { group in
            // Somebody keeps asking; once it needs the store, such a lookup hangs and fails.
            group.addTask {
                while !Task.isCancelled {
                    _ = try? await cache.get(key)
                    try? await Task.sleep(for: .milliseconds(10))
                }
            }
            var outcome = Outcome()
            while Neighbour.now - frozen < 4_000_000_000 {
                let began = Neighbour.now - frozen
                if cache.hit(key) != nil { outcome.lastHit = began } else { outcome.refused += 1 }
                try await Task.sleep(for: .milliseconds(5))
            }
            _ = try await neighbour.tell("thaw")
            let end = ContinuousClock.now + .seconds(60)
            while !outcome.isBack, ContinuousClock.now < end {
                outcome.isBack = cache.hit(key) != nil
                try await Task.sleep(for: .milliseconds(5))
            }
            group.cancelAll()
            return outcome
        }
    }
}
