internal import MillraceCore
internal import Synchronization

// Telling the tier of a write, before and after.
extension SharedLevel {
    /// A write that the tier was told to come, or why it was not.
    enum Mark: Sendable {
        /// It holds no value now; says whether it did.
        case made(SharedLease, hadValue: Bool)
        case skipped(reason: String)
    }

    static let outOfStep = "out of step with the store, or out of reach"

    /// Says that a key is about to be written.
    func mark(_ key: CacheKey) async -> Mark {
        guard let pass else { return .skipped(reason: Self.outOfStep) }
        let lease = SharedLease(key, in: pass.epoch)
        do throws(StoreError) {
            let hadValue = try await ask { (tier) throws(StoreError) in try await tier.mark(lease, origin: origin) }
            return .made(lease, hadValue: hadValue)
        } catch {
            // It may have come nevertheless; then its time ends by itself.
            close()
            return .skipped(reason: error.message)
        }
    }

    /// Says that a value was written.
    ///
    /// What the tier could not be told closes it until the log has told it, or who wrote might find the old value.
    func finish(_ mark: Mark, with entry: CacheEntry) async -> CacheOutcome.State {
        guard case .made(let lease, _) = mark else { return skipped(mark) }
        guard let value = shared(entry) else {
            let state = await abort(mark)
            if case .skipped = state { return state }
            return .skipped(reason: "too large for the shared tier")
        }
        do throws(StoreError) {
            let isThere = try await ask { (tier) throws(StoreError) in
                try await tier.finish(lease, with: value, origin: origin)
            }
            return isThere ? .done(changes: 1) : .skipped(reason: "written by another meanwhile")
        } catch {
            close()
            return .skipped(reason: error.message)
        }
    }

    /// Says that a value was removed, or that nobody knows whether it was written.
    @discardableResult
    func abort(_ mark: Mark) async -> CacheOutcome.State {
        guard case .made(let lease, let hadValue) = mark else { return skipped(mark) }
        let state = Mutex(CacheOutcome.State.done(changes: hadValue ? 1 : 0))
        await uncancelled { level in
            do throws(StoreError) {
                try await level.ask { (tier) throws(StoreError) in try await tier.abort(lease, origin: level.origin) }
            } catch {
                level.close()
                state.withLock { $0 = .skipped(reason: error.message) }
            }
        }
        return state.withLock { $0 }
    }

    private func skipped(_ mark: Mark) -> CacheOutcome.State {
        close()
        return mark.state
    }
}

extension SharedLevel.Mark {
    fileprivate var state: CacheOutcome.State {
        switch self {
        case .made: .done(changes: 0)
        case .skipped(let reason): .skipped(reason: reason)
        }
    }
}
