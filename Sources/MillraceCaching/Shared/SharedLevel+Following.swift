internal import MillraceCore
internal import Synchronization

// Staying in step with the authority, and hearing of what others write.
extension SharedLevel {
    /// What the tier says about itself, to be asked before the authority is; `nil` when it does not answer.
    func journal() async -> SharedJournal? {
        gate.withLock { $0.ask() }
        do throws(StoreError) {
            return try await ask { (tier) throws(StoreError) in try await tier.journal() }
        } catch {
            return nil
        }
    }

    /// Tells the tier what the authority wrote since, and opens it; closes it when that fails. To be done before memory
    /// forgets: who looks up afterwards must not find the old value in here.
    func follow(_ journal: SharedJournal?, _ changes: CacheChanges, askedAt: Timestamp) async {
        guard let journal else { return close() }
        do throws(StoreError) {
            switch DrainPlan(journal.cursor, changes) {
            case .none(let cursor):
                open(cursor, journal, [:], askedAt)
            case .tell(let kills, let rules, let cursor):
                let isTold = try await ask { (tier) throws(StoreError) in
                    guard let old = journal.cursor else { return false }
                    return try await tier.tell(kills, rules: rules, from: old, upTo: cursor.version)
                }
                if isTold {
                    open(cursor, journal, rules, askedAt)
                } else {
                    try await openAsOthersTold(changes, askedAt)
                }
            case .begin(let new):
                let cursor = try await ask { (tier) throws(StoreError) in
                    try await tier.begin(new, insteadOf: journal.cursor)
                }
                if cursor.version >= new.version { open(cursor, journal, [:], askedAt) } else { close() }
            }
        } catch {
            close()
        }
    }

    /// Opens if those who were quicker have told the tier of all that this cache knows of.
    private func openAsOthersTold(_ changes: CacheChanges, _ askedAt: Timestamp) async throws(StoreError) {
        let journal = try await ask { (tier) throws(StoreError) in try await tier.journal() }
        guard let cursor = journal.cursor, cursor.version >= changes.newest else { return close() }
        open(cursor, journal, [:], askedAt)
    }

    private func open(
        _ cursor: SharedCursor, _ journal: SharedJournal, _ rules: [CachePattern: Int64], _ askedAt: Timestamp
    ) {
        let rules = journal.rules.merging(rules, uniquingKeysWith: max)
        gate.withLock {
            $0.open(cursor.epoch, rules: rules, connection: journal.connection, askedAt: askedAt)
        }
    }

    /// Begins to listen, unless this cache does already. `onMissed` is called when messages may have been missed.
    func listen(
        onMessage: @escaping @Sendable (SharedMessage) -> Void, onMissed: @escaping @Sendable () -> Void
    ) {
        subscription.withLock { subscription in
            guard subscription == nil else { return }
            subscription = tier.subscribe { [weak self] event in
                guard let self else { return }
                switch event {
                case .message(let message):
                    if !sequences.withLock({ $0.isNext(message.sequence, on: message.channel) }) { onMissed() }
                    if message.origin != origin { onMessage(message) }
                case .gap:
                    sequences.withLock { $0.reset() }
                    onMissed()
                }
            }
        }
    }
}
