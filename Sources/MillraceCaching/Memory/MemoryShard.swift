internal import DequeModule
internal import MillraceCore
internal import Synchronization

/// One part of a ``MemoryTier``: a map with a bound, which gives up what came first.
final class MemoryShard: Sendable {
    /// What the map and the queue take for an entry besides its key and value; a round figure, measured once.
    static let overheadBytes = 160

    private struct Slot {
        let entry: CacheEntry
        let expiresAt: Timestamp
        /// Which place in the queue is this entry's; an older place of the same key is void.
        let ticket: UInt64

        var bytes: Int { MemoryShard.overheadBytes + entry.key.text.utf8.count + entry.value.bytes.count }
    }

    private struct State {
        var slots: [CacheKey: Slot] = [:]
        var queue: Deque<(key: CacheKey, ticket: UInt64)> = []
        var nextTicket: UInt64 = 0
        var bytes = 0
        var removals: UInt64 = 0
        var counters = CacheStats.TierCounters()

        mutating func drop(_ key: CacheKey) -> Slot? {
            guard let slot = slots.removeValue(forKey: key) else { return nil }
            bytes -= slot.bytes
            return slot
        }
    }

    private let maximumEntries: Int
    private let maximumBytes: Int
    private let state = Mutex(State())

    init(maximumEntries: Int, maximumBytes: Int) {
        self.maximumEntries = maximumEntries
        self.maximumBytes = maximumBytes
    }

    func entry(_ key: CacheKey, at now: Timestamp) -> CacheEntry? {
        state.withLock { state in
            guard let slot = state.slots[key] else {
                state.counters.misses += 1
                return nil
            }
            guard slot.expiresAt > now else {
                _ = state.drop(key)
                state.counters.misses += 1
                return nil
            }
            state.counters.hits += 1
            return slot.entry
        }
    }

    /// Grows with every removal; see ``insert(_:until:at:ifRemovals:)``.
    var removals: UInt64 { state.withLock { $0.removals } }

    /// Takes an entry in, unless something was removed since `removals` was read.
    func insert(
        _ entry: CacheEntry, until expiry: Timestamp, at now: Timestamp, ifRemovals removals: UInt64? = nil
    ) {
        guard expiry > now else { return }
        state.withLock { state in
            if let present = state.slots[entry.key], present.expiresAt > now, present.entry.version > entry.version {
                return
            }
            _ = state.drop(entry.key)
            // Behind the drop: an older value must go even if this one cannot be trusted to be there still.
            if let removals, removals != state.removals { return }
            let slot = Slot(entry: entry, expiresAt: expiry, ticket: state.nextTicket)
            guard maximumEntries > 0, slot.bytes <= maximumBytes else { return }
            state.nextTicket += 1
            state.slots[entry.key] = slot
            state.queue.append((entry.key, slot.ticket))
            state.bytes += slot.bytes
            evict(&state)
        }
    }

    func remove(_ key: CacheKey, at now: Timestamp) -> Bool {
        state.withLock { state in
            state.removals += 1
            guard let slot = state.drop(key) else { return false }
            return slot.expiresAt > now
        }
    }

    var usage: MemoryUsage {
        state.withLock { state in
            var usage = MemoryUsage()
            usage.entries = state.slots.count
            usage.bytes = state.bytes
            usage.counters = state.counters
            return usage
        }
    }

    /// The places in the queue, void ones included.
    var queueLength: Int { state.withLock { $0.queue.count } }

    private func evict(_ state: inout State) {
        while state.slots.count > maximumEntries || state.bytes > maximumBytes,
            let oldest = state.queue.popFirst()
        {
            guard state.slots[oldest.key]?.ticket == oldest.ticket else { continue }
            _ = state.drop(oldest.key)
            state.counters.evictions += 1
        }
        // Replaced and removed entries leave void places behind; without this, rewriting one key would grow the queue.
        if state.queue.count > 2 * state.slots.count + 16 {
            let slots = state.slots
            state.queue.removeAll { slots[$0.key]?.ticket != $0.ticket }
        }
    }
}
