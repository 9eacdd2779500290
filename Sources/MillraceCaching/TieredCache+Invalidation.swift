public import MillraceCore

extension TieredCache {
    /// Values removed in one step; more would keep other writers of the store waiting.
    private static let batch = 1_000
    /// Steps that one call of the upkeep does for others; what is left is for a later one.
    private static let steps = 50

    /// See `CacheRepository.invalidatePattern(_:)`.
    @discardableResult
    public func invalidatePattern(_ pattern: CachePattern) async throws(StoreError) -> CacheOutcome {
        let rule = try await guarded.write { (store) throws(StoreError) in try await store.invalidate(pattern) }
        // It counts everywhere now; the rest is tidying up, which others do if this is not to be.
        flights.detachAll(where: pattern.matches)
        let inMemory = memory.removeAll { rule.rulesOut($0.key, version: $0.version) }
        var steps = Int.max
        let stored = try await finish(rule, within: &steps)
        return CacheOutcome([.l1: .done(changes: inMemory), .l3: .done(changes: stored.removed)])
    }

    /// Goes on with invalidations whose processes do not, in a bounded number of steps.
    func finishRules() async throws(StoreError) -> CacheUpkeep {
        var done = CacheUpkeep()
        var steps = Self.steps
        while steps > 0 {
            let rule = try await guarded.write { (store) throws(StoreError) in try await store.claimRule() }
            guard let rule else { break }
            let purge = try await finish(rule, within: &steps)
            done.purged += purge.removed
            done.isUnfinished = !purge.isFinished
        }
        return done
    }

    /// Removes what a rule rules out from the tiers below memory, and then the rule, unless the steps are used up first.
    private func finish(_ rule: CacheRule, within steps: inout Int) async throws(StoreError) -> CachePurge {
        var removed = 0
        while steps > 0 {
            steps -= 1
            let step = try await guarded.write { (store) throws(StoreError) in
                try await store.purge(rule, limit: Self.batch)
            }
            removed += step.removed
            guard step.isFinished else { continue }
            try await guarded.write { (store) throws(StoreError) in try await store.retire(rule) }
            return CachePurge(removed: removed, isFinished: true)
        }
        return CachePurge(removed: removed, isFinished: false)
    }
}
