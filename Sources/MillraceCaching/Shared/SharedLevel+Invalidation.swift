internal import MillraceCore
internal import Synchronization

// Patterns that count at once, and are purged later.
extension SharedLevel {
    /// Rules out what is older than an invalidation that was heard of.
    func rule(out pattern: CachePattern, olderThan version: Int64) {
        gate.withLock { $0.rule(out: pattern, olderThan: version) }
    }

    /// Says that a pattern was invalidated, so that it counts everywhere at once.
    ///
    /// A tier that could not be told is closed, and is told by the log. One that is closed opens with the rule.
    func announce(_ pattern: CachePattern, version: Int64) async {
        rule(out: pattern, olderThan: version)
        guard let pass else { return }
        do throws(StoreError) {
            try await ask { (tier) throws(StoreError) in
                try await tier.announce(pattern, version: version, origin: origin, in: pass.epoch)
            }
        } catch {
            close()
        }
    }

    /// Takes away what an invalidation ruled out, and then the rule.
    func purge(_ pattern: CachePattern, version: Int64) async -> CacheOutcome.State {
        guard let pass else { return .skipped(reason: Self.outOfStep) }
        purges.withLock { _ = $0.patterns.insert(pattern) }
        defer { purges.withLock { _ = $0.patterns.remove(pattern) } }
        do throws(StoreError) {
            // Without the breaker: it takes long, and the lookups meanwhile say how the tier does.
            let removed = try await tier.purge(pattern, olderThan: version, in: pass.epoch) { await tellOfPurge() }
            return .done(changes: removed)
        } catch {
            return .skipped(reason: error.message)
        }
    }

    /// Purges what those left who died over it, one process at a time.
    func purgeLeftOvers() async {
        guard let pass else { return }
        let own = purges.withLock(\.patterns)
        let rules = pass.rules.filter { !own.contains($0.key) }
        guard !rules.isEmpty, await mayPurge() else { return }
        for (pattern, version) in rules { _ = await purge(pattern, version: version) }
    }

    /// Takes the right to purge for others, now and then while something is purged: what somebody is at is not left over.
    private func tellOfPurge() async {
        let now = time.latest()
        let isDue = purges.withLock { purges in
            if let toldAt = purges.toldAt, now - toldAt < CacheManager.upkeepLease / 3 { return false }
            purges.toldAt = now
            return true
        }
        if isDue { _ = await mayPurge() }
    }

    private func mayPurge() async -> Bool {
        let may = try? await ask { (tier) throws(StoreError) in try await tier.mayPurge(as: origin) }
        return may == true
    }
}
