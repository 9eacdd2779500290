internal import MillraceCore
internal import Synchronization

/// What lookups in the shared tier came to.
final class SharedCounters: Sendable {
    private let state = Mutex((tier: CacheStats.TierCounters(), damaged: 0))

    var tier: CacheStats.TierCounters { state.withLock { $0.tier } }
    /// Values that were there and could not be read.
    var damaged: Int { state.withLock { $0.damaged } }

    func count(found: Int, of asked: Int) {
        state.withLock { state in
            state.tier.hits += found
            state.tier.misses += asked - found
        }
    }

    func countDamaged() {
        state.withLock { $0.damaged += 1 }
    }
}
