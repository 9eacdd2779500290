internal import MillraceCore
internal import Synchronization

// Telling the tier of a write, before and after.
extension SharedLevel {
    /// A write that the tier was told to come, or why it was not.
    enum Mark: Sendable {
        /// It holds no value now; says whether it did.
        case made(SharedLease, hadValue: Bool)
        case skipped(CacheKey, reason: String)
        /// The tier was told, and nobody knows whether it heard.
        case unanswered(SharedLease, reason: String)
    }

    static let outOfStep = "out of step with the store, or out of reach"

    /// Says that a key is about to be written.
    func mark(_ key: CacheKey) async -> Mark {
        guard let pass else { return .skipped(key, reason: Self.outOfStep) }
        let lease = SharedLease(key, in: pass.epoch)
        return await uncancelled { level in
            var isTold = false
            do throws(StoreError) {
                let hadValue = try await level.ask { (tier) throws(StoreError) in
                    isTold = true
                    return try await tier.mark(lease, origin: level.origin)
                }
                return .made(lease, hadValue: hadValue)
            } catch {
                level.close()
                return isTold ? .unanswered(lease, reason: error.message) : .skipped(key, reason: error.message)
            }
        }
    }

    /// Says that a value was written.
    ///
    /// What the tier could not be told does not count here until the log has told it, or who wrote might find the old
    /// value: of one key when its mark was never made, else of all.
    func finish(_ mark: Mark, with entry: CacheEntry) async -> CacheOutcome.State {
        guard case .made(let lease, _) = mark else { return skipped(mark, version: entry.version) }
        guard let value = shared(entry) else {
            let state = await abort(mark)
            if case .skipped = state { return state }
            return .skipped(reason: "too large for the shared tier")
        }
        return await uncancelled { level in
            do throws(StoreError) {
                let isThere = try await level.ask { (tier) throws(StoreError) in
                    try await tier.finish(lease, with: value, origin: level.origin)
                }
                return isThere ? .done(changes: 1) : .skipped(reason: "written by another meanwhile")
            } catch {
                level.close()
                level.takeAway(lease)
                return .skipped(reason: error.message)
            }
        }
    }

    /// Says that a value was removed, or that nobody knows whether it was written.
    @discardableResult
    func abort(_ mark: Mark) async -> CacheOutcome.State {
        guard case .made(let lease, let hadValue) = mark else { return skipped(mark, version: .max) }
        return await uncancelled { level in
            do throws(StoreError) {
                try await level.ask { (tier) throws(StoreError) in try await tier.abort(lease, origin: level.origin) }
                return .done(changes: hadValue ? 1 : 0)
            } catch {
                level.close()
                return .skipped(reason: error.message)
            }
        }
    }

    private func skipped(_ mark: Mark, version: Int64) -> CacheOutcome.State {
        switch mark {
        case .made: return .done(changes: 0)
        case .skipped(let key, let reason):
            ruleOut(key, olderThan: version)
            return .skipped(reason: reason)
        case .unanswered(let lease, let reason):
            ruleOut(lease.key, olderThan: version)
            takeAway(lease)
            return .skipped(reason: reason)
        }
    }

    /// Passes over what is older than a write that the tier was not told of.
    private func ruleOut(_ key: CacheKey, olderThan version: Int64) {
        gate.withLock { $0.rule(out: key, olderThan: version) }
    }

    /// Takes away a mark that may be there. Not before the write is done, or somebody may fill what was there before; and
    /// never with a value, as the mark may come, or have gone, at any time.
    private func takeAway(_ lease: SharedLease) {
        tidy { [origin] in try await $0.abort(lease, origin: origin) }
    }
}
