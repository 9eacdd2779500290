internal import MillraceCore
internal import Synchronization

/// What a cache has done besides what its memory counts, and how much of all that the store has been told.
final class CacheCounters: Sendable {
    private struct State {
        var store = CacheStats.TierCounters()
        var loads = 0
        var loadFailures = 0
        var reported: [CacheTierName: CacheStats.TierCounters] = [:]
    }

    private let state = Mutex(State())
    /// Lookups that memory was not asked, because it was not sure to be in step.
    private let unconfirmed = Atomic<Int>(0)

    var loads: Int { state.withLock { $0.loads } }
    var loadFailures: Int { state.withLock { $0.loadFailures } }

    func countUnconfirmed() {
        unconfirmed.add(1, ordering: .relaxed)
    }

    func count(found: Int, of asked: Int) {
        state.withLock { state in
            state.store.hits += found
            state.store.misses += asked - found
        }
    }

    func count(evicted: Int) {
        state.withLock { $0.store.evictions += evicted }
    }

    func countLoad() {
        state.withLock { $0.loads += 1 }
    }

    func countFailedLoad() {
        state.withLock { $0.loadFailures += 1 }
    }

    /// What each tier has done since the process began.
    func tiers(
        memory: CacheStats.TierCounters, shared: CacheStats.TierCounters?
    ) -> [CacheTierName: CacheStats.TierCounters] {
        state.withLock { tiers($0, memory, shared) }
    }

    /// The part of it that the store was not told.
    func unreported(
        memory: CacheStats.TierCounters, shared: CacheStats.TierCounters?
    ) -> [CacheTierName: CacheStats.TierCounters] {
        state.withLock { unreported($0, memory, shared) }
    }

    /// The same, and takes the store for told; tiers that did nothing are left out.
    func takeUnreported(
        memory: CacheStats.TierCounters, shared: CacheStats.TierCounters?
    ) -> [CacheTierName: CacheStats.TierCounters] {
        state.withLock { state in
            let part = unreported(state, memory, shared)
            for (tier, counted) in part { state.reported[tier, default: .init()].add(counted) }
            return part
        }
    }

    /// Takes back that the store was told.
    func giveBack(_ part: [CacheTierName: CacheStats.TierCounters]) {
        state.withLock { state in
            for (tier, counted) in part { state.reported[tier, default: .init()].subtract(counted) }
        }
    }

    private func tiers(
        _ state: State, _ memory: CacheStats.TierCounters, _ shared: CacheStats.TierCounters?
    ) -> [CacheTierName: CacheStats.TierCounters] {
        var memory = memory
        memory.misses += unconfirmed.load(ordering: .relaxed)
        var tiers: [CacheTierName: CacheStats.TierCounters] = [.l1: memory, .l3: state.store]
        tiers[.l2] = shared
        return tiers
    }

    private func unreported(
        _ state: State, _ memory: CacheStats.TierCounters, _ shared: CacheStats.TierCounters?
    ) -> [CacheTierName: CacheStats.TierCounters] {
        tiers(state, memory, shared).reduce(into: [:]) { parts, tier in
            var part = tier.value
            part.subtract(state.reported[tier.key, default: .init()])
            if part != .init() { parts[tier.key] = part }
        }
    }
}

extension CacheStats.TierCounters {
    fileprivate mutating func subtract(_ other: Self) {
        hits -= other.hits
        misses -= other.misses
        evictions -= other.evictions
    }
}
