public import MillraceCore

extension TieredCache {
    /// Values removed in one step; more would keep other writers of the store waiting.
    private static let batch = 1_000
    /// Steps that one call of the upkeep does for others; what is left is for a later one.
    private static let steps = 50

    /// See `CacheRepository.invalidatePattern(_:)`.
    @discardableResult
    public func invalidatePattern(_ pattern: CachePattern) async throws(StoreError) -> CacheOutcome {
        if shared != nil, isBehind { await follow() }
        let rule = try await guarded.write { (store) throws(StoreError) in try await store.invalidate(pattern) }
        await shared?.announce(pattern, version: rule.version)
        // It counts everywhere now; the rest is tidying up, which others do if this is not to be.
        flights.detachAll(where: pattern.matches)
        let inMemory = memory.removeAll { rule.rulesOut($0.key, version: $0.version) }
        var steps = Int.max
        let (stored, shared) = try await finish(rule, within: &steps)
        var states: [CacheTierName: CacheOutcome.State] = [
            .l1: .done(changes: inMemory), .l3: .done(changes: stored.removed),
        ]
        states[.l2] = shared
        return CacheOutcome(states)
    }

    /// Goes on with invalidations whose processes do not, in a bounded number of steps.
    func finishRules() async throws(StoreError) -> CacheUpkeep {
        var done = CacheUpkeep()
        var steps = Self.steps
        while steps > 0 {
            let rule = try await guarded.write { (store) throws(StoreError) in try await store.claimRule() }
            guard let rule else { break }
            let purge = try await finish(rule, within: &steps).stored
            done.purged += purge.removed
            done.isUnfinished = !purge.isFinished
        }
        return done
    }

    /// Removes what a rule rules out from the tiers below memory, and then the rule, unless the steps are used up first.
    ///
    /// The store's rule need not wait for a shared tier that is out of reach: that has rules of its own, or will learn this
    /// one from the list of writes.
    private func finish(
        _ rule: CacheRule, within steps: inout Int
    ) async throws(StoreError) -> (stored: CachePurge, shared: CacheOutcome.State?) {
        var removed = 0
        while steps > 0 {
            steps -= 1
            let step = try await guarded.write { (store) throws(StoreError) in
                try await store.purge(rule, limit: Self.batch)
            }
            removed += step.removed
            guard step.isFinished else { continue }
            let state = await shared?.purge(rule.pattern, version: rule.version)
            try await guarded.write { (store) throws(StoreError) in try await store.retire(rule) }
            return (CachePurge(removed: removed, isFinished: true), state)
        }
        return (CachePurge(removed: removed, isFinished: false), nil)
    }
}
