internal import MillraceCore

// The tiers below memory, in both directions.
extension TieredCache {
    /// Looks a value up below memory, and promotes it to every tier above the one that has it.
    func lowerHit(_ key: CacheKey) async throws(StoreError) -> CacheHit? {
        let removals = memory.removals(near: key)
        let finding = await shared?.find(key)
        if case .hit(let entry)? = finding, let hit = promote(entry, from: .l2, ifRemovals: removals) { return hit }
        return try await storeHit(key, finding.lease, removals)
    }

    /// The same for many: one look at each tier for all that the ones above do not have.
    func lowerHits(_ missing: [CacheKey: UInt64]) async throws(StoreError) -> [CacheKey: CacheHit] {
        var hits: [CacheKey: CacheHit] = [:]
        let findings = await shared?.find(many: Array(missing.keys)) ?? [:]
        for (key, removals) in missing {
            guard case .hit(let entry)? = findings[key] else { continue }
            hits[key] = promote(entry, from: .l2, ifRemovals: removals)
        }
        let wanted = missing.keys.filter { hits[$0] == nil }
        guard !wanted.isEmpty else { return hits }
        let found: [CacheEntry]
        do throws(StoreError) {
            found = try await guarded.read { (store) throws(StoreError) in try await store.entries(wanted) }
        } catch {
            await shared?.settle(findings, with: [])
            throw error
        }
        counters.count(found: found.count, of: wanted.count)
        await shared?.settle(findings, with: found)
        for entry in found {
            hits[entry.key] = promote(entry, from: .l3, ifRemovals: missing[entry.key] ?? 0)
        }
        return hits
    }

    /// Looks a value up in the store, and brings it to the shared tier under a lease; gives that back without a value.
    private func storeHit(
        _ key: CacheKey, _ lease: SharedLease?, _ removals: UInt64
    ) async throws(StoreError) -> CacheHit? {
        do throws(StoreError) {
            let found = try await guarded.read { (store) throws(StoreError) in try await store.entry(key) }
            counters.count(found: found == nil ? 0 : 1, of: 1)
            await shared?.settle(lease, with: found)
            return found.flatMap { promote($0, from: .l3, ifRemovals: removals) }
        } catch {
            await shared?.settle(lease, with: nil)
            throw error
        }
    }

    private func promote(_ entry: CacheEntry, from tier: CacheTierName, ifRemovals removals: UInt64) -> CacheHit? {
        guard let remaining = entry.remaining(at: options.clock.now()) else { return nil }
        memory.insert(entry, ifRemovals: removals, isHit: true)
        return CacheHit(value: entry.value, tier: tier, remaining: remaining)
    }

    /// Takes what this cache wrote into memory; where that does not keep it, an older value that is being fetched must
    /// not take its place.
    @discardableResult
    func keep(_ entry: CacheEntry, ifRemovals removals: UInt64) -> Bool {
        if memory.insert(entry, ifRemovals: removals, isWrite: true) { return true }
        memory.remove(entry.key, olderThan: entry.version)
        return false
    }
}

// MARK: - Making values

extension TieredCache {
    /// How a flight begins.
    private enum Beginning {
        case hit(CacheHit)
        /// No tier has the value. What is known before it is made, `nil` when the store does not say, and then nothing is
        /// kept; and the right to bring it, `nil` when no other machine can be kept from making it too.
        case make(since: Int64?, SharedLease?)
    }

    /// Waits for a value that another machine makes at most so long before it looks again: drawn anew each time, so that
    /// many who wait do not ask at once.
    private static var patience: Duration { .milliseconds(Int.random(in: 5...40)) }

    /// Looks a value up, and makes it: what a flight does for all who wait for it.
    func loaded(
        _ key: CacheKey, ttl: TTL, begin: (Int64?) -> Bool, load: @escaping @Sendable () async throws -> CacheValue
    ) async throws(StoreError) -> CacheLoad {
        while true {
            switch try await beginning(key, begin) {
            case .hit(let hit):
                return CacheLoad(value: hit.value, tier: hit.tier)
            case .make(let version, let lease):
                if begin(version) { return try await made(key, ttl: ttl, since: version, lease, load) }
                await shared?.settle(lease, with: nil)
            }
        }
    }

    private func made(
        _ key: CacheKey, ttl: TTL, since version: Int64?, _ lease: SharedLease?,
        _ load: @escaping @Sendable () async throws -> CacheValue
    ) async throws(StoreError) -> CacheLoad {
        let value: CacheValue
        do throws(StoreError) {
            value = try await made(lease, load)
        } catch {
            await shared?.settle(lease, with: nil)
            throw error
        }
        // Making it may have cost minutes: it is worth giving out even if it cannot be kept.
        var entry: CacheEntry?
        if let version { entry = try? await fill(key, value, ttl: ttl, ifUnchangedSince: version) }
        await shared?.settle(lease, with: entry)
        return CacheLoad(value: value, tier: nil)
    }

    private func made(
        _ lease: SharedLease?, _ load: @escaping @Sendable () async throws -> CacheValue
    ) async throws(StoreError) -> CacheValue {
        counters.countLoad()
        let start = time.latest()
        do {
            let value = if let shared { try await shared.keeping(lease, load) } else { try await load() }
            metrics?.noteLoad(.success, in: time.latest() - start)
            return value
        } catch {
            counters.countFailedLoad()
            metrics?.noteLoad(Task.isCancelled ? .cancelled : .failure, in: time.latest() - start)
            if Task.isCancelled { throw StoreError(.cancelled, "the load was cancelled", cause: error) }
            throw StoreError(.loadFailed, "the value could not be made: \(error)", cause: error)
        }
    }

    private func beginning(_ key: CacheKey, _ begin: (Int64?) -> Bool) async throws(StoreError) -> Beginning {
        var lease: SharedLease?
        do throws(StoreError) {
            let hit = try await CacheWalk.traced { () throws(StoreError) in try await awaitedHit(key, &lease, begin) }
            if let hit { return .hit(hit) }
            let version = try await guarded.read { (store) throws(StoreError) in try await store.newestVersion() }
            return .make(since: version, lease)
        } catch {
            // Trouble of the store keeps nobody from the value.
            if error.code != .cancelled { return .make(since: nil, lease) }
            await shared?.settle(lease, with: nil)
            throw error
        }
    }

    /// Looks a value up below memory, and waits as long as another machine makes it. With no value there may be a lease,
    /// under which it is to be made here.
    private func awaitedHit(
        _ key: CacheKey, _ lease: inout SharedLease?, _ begin: (Int64?) -> Bool
    ) async throws(StoreError) -> CacheHit? {
        var isAwaited = false
        while true {
            if isBehind { await follow() }
            try await awaitOpening()
            let removals = memory.removals(near: key)
            let finding = await shared?.find(key)
            if case .hit(let entry)? = finding, let hit = promote(entry, from: .l2, ifRemovals: removals) {
                if begin(entry.version) { return hit }
                continue
            }
            let isBusy = if case .busy? = finding { true } else { false }
            // Who waits has seen once that the store has nothing.
            if !(isBusy && isAwaited) {
                lease = finding.lease
                let found = try await guarded.read { (store) throws(StoreError) in try await store.entry(key) }
                counters.count(found: found == nil ? 0 : 1, of: 1)
                if let found {
                    await shared?.settle(lease, with: found)
                    lease = nil
                    if let hit = promote(found, from: .l3, ifRemovals: removals), begin(found.version) { return hit }
                    continue
                }
                guard isBusy else { return nil }
                isAwaited = true
            }
            try await pause(Self.patience)
        }
    }

    /// Waits for another's question to the store, if that is about to open the shared tier: who begins without it makes a
    /// value that another machine may be making.
    private func awaitOpening() async throws(StoreError) {
        guard let shared else { return }
        while !shared.isOpen, watch.isAsking { try await pause(.milliseconds(2)) }
    }

    private func pause(_ duration: Duration) async throws(StoreError) {
        do {
            try await Task.sleep(for: duration)
        } catch {
            throw StoreError(.cancelled, "cancelled while another machine made the value", cause: error)
        }
    }

    private func fill(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, ifUnchangedSince version: Int64
    ) async throws(StoreError) -> CacheEntry? {
        let removals = memory.removals(near: key)
        let entry = try await guarded.write { (store) throws(StoreError) in
            try await store.fill(key, value, ttl: ttl, ifUnchangedSince: version)
        }
        if let entry { keep(entry, ifRemovals: removals) }
        return entry
    }
}

extension SharedLevel.Finding? {
    /// The right to bring the value.
    fileprivate var lease: SharedLease? {
        if case .lease(let lease)? = self { lease } else { nil }
    }
}
