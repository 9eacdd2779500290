public import MillraceCore
internal import Synchronization

extension TieredCache {
    /// Values removed in one step; more would keep other writers of the store waiting.
    private static let batch = 1_000
    /// Steps that one call of the upkeep does for others, and the time in which it does more; what is left is for a later
    /// one.
    private static let steps = 50
    private static let turn = Duration.seconds(2)

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

    /// Goes on with invalidations whose processes do not, as long as there are any, within bounds.
    func finishRules() async throws(StoreError) -> CacheUpkeep {
        var done = CacheUpkeep()
        var steps = Self.steps
        let end = time.earliest() + Self.turn
        while steps > 0 || time.earliest() < end, let rule = try await leftOver() {
            let purge = try await finish(rule, within: &steps, orUntil: end).stored
            done.purged += purge.removed
            done.isUnfinished = !purge.isFinished
            if done.isUnfinished { takenOver.withLock { $0 = rule } }
        }
        return done
    }

    /// What this cache has taken over and not finished, else what it may take over.
    private func leftOver() async throws(StoreError) -> CacheRule? {
        if let rule = takenOver.withLock({ $0.take() }) { return rule }
        return try await guarded.write { (store) throws(StoreError) in try await store.claimRule() }
    }

    /// Removes what a rule rules out from the tiers below memory, and then the rule, unless the steps are used up first,
    /// and the time if there is one.
    ///
    /// The store's rule does not wait for the shared tier: that has rules of its own, or will learn this one from the list
    /// of writes, and its purge may take longer than the rule's lease.
    private func finish(
        _ rule: CacheRule, within steps: inout Int, orUntil end: Timestamp? = nil
    ) async throws(StoreError) -> (stored: CachePurge, shared: CacheOutcome.State?) {
        var removed = 0
        while steps > 0 || end.map({ time.earliest() < $0 }) ?? false {
            steps -= 1
            let step = try await guarded.write { (store) throws(StoreError) in
                try await store.purge(rule, limit: Self.batch)
            }
            removed += step.removed
            guard step.isFinished else { continue }
            if shared != nil { await follow(upTo: rule.version) }
            try await guarded.write { (store) throws(StoreError) in try await store.retire(rule) }
            let state = await shared?.purge(rule.pattern, version: rule.version)
            return (CachePurge(removed: removed, isFinished: true), state)
        }
        return (CachePurge(removed: removed, isFinished: false), nil)
    }

    /// Asks the store before the shared tier is purged: the word of the store, by which that may be used, is not good for as
    /// long as a purge may have taken; and a tier that has not heard of the rule by the list of writes yet would hear of it
    /// after it was purged, and somebody would purge it again.
    private func follow(upTo version: Int64) async {
        while isBehind || !watch.hasSeen(version), await !follow() {
            // Another is asking, maybe since before the rule was made.
            guard (try? await Task.sleep(for: .milliseconds(2))) != nil else { return }
        }
    }
}
