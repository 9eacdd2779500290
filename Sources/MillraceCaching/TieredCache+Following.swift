internal import MillraceCore
internal import Synchronization

// Staying in step with the store.
extension TieredCache {
    var isBehind: Bool { watch.isDue(at: time.latest()) }

    /// Asks the store what was written since it was last asked, tells the shared tier, and forgets that; leaves it to
    /// whoever is asking already.
    ///
    /// - Returns: whether this call has asked.
    @discardableResult
    func follow() async -> Bool {
        guard let turn = watch.begin() else { return false }
        let confirmedAt = watch.lastConfirmation
        forgetIfSuspended()
        // Before the store is asked: a tier that has heard of more than the store then knows belongs to another past.
        let journal = await shared?.journal()
        let askedAt = time.earliest()
        do throws(StoreError) {
            let heard = journal?.cursor?.version
            let changes = try await guarded.read { (store) throws(StoreError) in
                try await store.changes(since: turn.since.map { min($0, heard ?? $0) } ?? heard)
            }
            storeClock.hear(changes.time, askedAt: askedAt)
            // In this order: who looks up after memory has forgotten must not find the old value in the tier below.
            await shared?.follow(journal, changes, askedAt: askedAt)
            forget(changes, isFirst: turn.since == nil)
            watch.finish((changes.newest, askedAt))
            if let confirmedAt, changes.writes?.isEmpty == false {
                metrics?.noteInvalidation(after: time.latest() - confirmedAt)
            }
            if turn.since != nil { listen() }
        } catch {
            // Memory is served for a while yet, and then no more; lookups that reach the store say what is wrong.
            watch.finish(nil)
        }
        return true
    }

    /// Listens to what other caches write, in a process that has used its cache for more than a moment.
    private func listen() {
        shared?.listen { [weak self] message in
            self?.forget(message)
        } onMissed: { [weak self] in
            self?.watch.hurry()
        }
    }

    /// Empties memory when the host was suspended: the time that its deadlines are measured by stood still meanwhile.
    private func forgetIfSuspended() {
        let now = time.suspended()
        let wasSuspended = suspended.withLock { last in
            defer { last = max(last, now) }
            // Less is the setting of a clock, or a pause between two looks at one.
            return now - last > .milliseconds(50)
        }
        if wasSuspended {
            shared?.close()
            memory.removeAll()
        }
    }

    private func forget(_ changes: CacheChanges, isFirst: Bool) {
        guard let writes = changes.writes else {
            memory.removeAll()
            // What is being made when the first answer comes was begun a moment ago.
            if !isFirst { flights.detachAll(olderThan: changes.newest) { _ in true } }
            return
        }
        // The last invalidation by a pattern covers the others.
        var patterns: [CachePattern: Int64] = [:]
        for write in writes {
            switch write.scope {
            case .key(let key): forget(key, olderThan: write.version)
            case .pattern(let pattern): patterns[pattern] = write.version
            }
        }
        for (pattern, version) in patterns { forget(pattern, olderThan: version) }
    }

    /// Forgets what another cache says that it writes or has written.
    private func forget(_ message: SharedMessage) {
        switch (message.scope, message.version) {
        case (.key(let key), let version?): forget(key, olderThan: version)
        case (.key(let key), nil):
            memory.remove(key)
            // Whether a running load began before the write is not known: who asks from now on does not join it.
            flights.detach(key)
        case (.pattern(let pattern), let version):
            shared?.rule(out: pattern, olderThan: version ?? .max)
            forget(pattern, olderThan: version ?? .max)
        }
    }

    private func forget(_ key: CacheKey, olderThan version: Int64) {
        memory.remove(key, olderThan: version)
        flights.detach(key, olderThan: version)
    }

    private func forget(_ pattern: CachePattern, olderThan version: Int64) {
        memory.removeAll { $0.version < version && pattern.matches($0.key) }
        flights.detachAll(olderThan: version, where: pattern.matches)
    }

    /// Lets go of the shared tier; everything else goes on without it. Reports what was measured.
    public func close() {
        reportMetrics()
        shared?.end()
    }
}
