internal import MillraceCore
internal import Synchronization

/// One part of a ``MemoryTier``: its contents behind a lock, with what was counted.
final class MemoryShard: Sendable {
    private struct State {
        var contents: MemoryContents
        var removals = MemoryRemovals()
        var hits = 0
        var misses = 0
    }

    private let state: Mutex<State>

    init(maximumEntries: Int, maximumBytes: Int) {
        state = Mutex(State(contents: MemoryContents(maximumEntries: maximumEntries, maximumBytes: maximumBytes)))
    }

    func hit(_ key: CacheKey, at now: Timestamp) -> MemoryPayload? {
        state.withLock { state in
            let found = state.contents.hit(key, at: now)
            if found == nil { state.misses += 1 } else { state.hits += 1 }
            return found
        }
    }

    func entry(_ key: CacheKey, at now: Timestamp) -> CacheEntry? {
        hit(key, at: now)?.entry
    }

    /// Grows with every removal near a key; see ``insert(_:until:goneAt:at:ifRemovals:isWrite:isHit:)``.
    func removals(near key: CacheKey) -> UInt64 { state.withLock { $0.removals.count(near: key) } }

    /// Takes an entry in, unless something was removed near its key since `removals` was read.
    ///
    /// That an entry was just written counts as a removal too: it may be given up again while an older one is fetched.
    /// A lookup that another tier has answered with it is counted whether it is taken or not, unless it has expired.
    ///
    /// - Returns: whether it is there now.
    @discardableResult
    func insert(
        _ entry: CacheEntry, until expiry: Timestamp, goneAt gone: Timestamp? = nil, at now: Timestamp,
        ifRemovals removals: UInt64? = nil, isWrite: Bool = false, isHit: Bool = false
    ) -> Bool {
        guard expiry > now else { return false }
        return state.withLock { state in
            defer { if isHit { state.contents.note(entry.key, at: now) } }
            if let present = state.contents.version(of: entry.key), present > entry.version { return false }
            if let removals, removals != state.removals.count(near: entry.key) {
                // An older value must go even if this one cannot be trusted to be there still.
                _ = state.contents.remove(entry.key, at: now)
                return false
            }
            if isWrite { state.removals.note(entry.key) }
            return state.contents.insert(entry, until: expiry, goneAt: gone, at: now)
        }
    }

    func remove(_ key: CacheKey, at now: Timestamp) -> Bool {
        state.withLock { state in
            state.removals.note(key)
            return state.contents.remove(key, at: now)
        }
    }

    /// Removes an entry that is older than a write; counts as a removal even if what is there is the write itself or a
    /// later one, for that may be given up again while an older one is fetched.
    func remove(_ key: CacheKey, olderThan version: Int64, at now: Timestamp) {
        state.withLock { state in
            state.removals.note(key)
            if let present = state.contents.version(of: key), present >= version { return }
            _ = state.contents.remove(key, at: now)
        }
    }

    /// Removes the entries that are wanted gone; counts as a removal even if there is none.
    func removeAll(at now: Timestamp, where isUnwanted: (CacheEntry) -> Bool) -> Int {
        state.withLock { state in
            state.removals.noteAll()
            return state.contents.removeAll(at: now, where: isUnwanted)
        }
    }

    /// Removes everything; counts as a removal.
    func removeAll() {
        state.withLock { state in
            state.removals.noteAll()
            state.contents.removeAll()
        }
    }

    /// The lookups that were counted since this was last asked.
    func takeAccesses() -> [CacheAccess] {
        state.withLock { $0.contents.takeAccesses() }
    }

    /// Takes lookups back whose report failed.
    func keep(_ access: CacheAccess) {
        state.withLock { $0.contents.keep(access) }
    }

    var usage: MemoryUsage {
        state.withLock { state in
            var usage = MemoryUsage()
            usage.entries = state.contents.count
            usage.bytes = state.contents.bytes
            usage.counters = CacheStats.TierCounters(
                hits: state.hits, misses: state.misses, evictions: state.contents.evictions)
            return usage
        }
    }

    /// The places in the queues, void ones included.
    var queueLength: Int { state.withLock { $0.contents.queueLength } }
}
