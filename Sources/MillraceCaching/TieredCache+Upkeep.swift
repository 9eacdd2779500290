public import MillraceCore

extension TieredCache {
    /// Values removed in one step; more would keep other writers of the store waiting.
    private static let batch = 500
    /// Steps of one call; what is left is for the next.
    private static let steps = 20

    /// See `CacheRepository.stats()`.
    public func stats() async throws(StoreError) -> CacheStats {
        if shared != nil, isBehind { await follow() }
        let name = options.name
        let count = try await guarded.read { (store) throws(StoreError) in try await store.count() }
        var total = try await guarded.read { (store) throws(StoreError) in try await store.counters(of: name) }
        let usage = memory.usage
        let own = counters.tiers(memory: usage.counters, shared: shared?.counters.tier)
        for (tier, counted) in counters.unreported(memory: usage.counters, shared: shared?.counters.tier) {
            total[tier, default: .init()].add(counted)
        }
        return CacheStats(
            l1Size: usage.entries, l2Size: await shared?.count(), l3Count: count, l1MemoryBytes: usage.bytes,
            tiers: own,
            total: total, loads: counters.loads, loadFailures: counters.loadFailures,
            l2Damaged: shared?.counters.damaged ?? 0)
    }

    /// See `CacheRepository.maintain()`.
    @discardableResult
    public func maintain() async throws(StoreError) -> CacheUpkeep {
        defer { reportMetrics() }
        if shared != nil, isBehind { await follow() }
        var done = CacheUpkeep()
        done.accesses = try await report()
        let finished = try await finishRules()
        done.add(finished)
        for _ in 0..<Self.steps {
            let cleaned = try await guarded.write { (store) throws(StoreError) in
                try await store.clean(within: options.storeLimits, limit: Self.batch, as: holder)
            }
            // Another process does it.
            guard let cleaned else { break }
            counters.count(evicted: cleaned.evicted)
            done.add(cleaned)
            guard cleaned.isUnfinished else { break }
        }
        done.isUnfinished = done.isUnfinished || finished.isUnfinished
        await shared?.purgeLeftOvers()
        return done
    }

    /// Writes what was gathered in memory.
    ///
    /// - Returns: the number of values that were looked up.
    private func report() async throws(StoreError) -> Int {
        let accesses = memory.takeAccesses()
        let counted = counters.takeUnreported(memory: memory.usage.counters, shared: shared?.counters.tier)
        var written = 0
        do throws(StoreError) {
            // An empty batch still reports the counters.
            repeat {
                let part = Array(accesses[written...].prefix(Self.batch))
                guard !part.isEmpty || !counted.isEmpty else { break }
                let isFirst = written == 0
                try await guarded.write { (store) throws(StoreError) in
                    try await store.record(part, counters: isFirst ? counted : [:], of: options.name)
                }
                written += part.count
            } while written < accesses.count
        } catch {
            memory.keep(Array(accesses[written...]))
            if written == 0 { counters.giveBack(counted) }
            throw error
        }
        return written
    }
}
