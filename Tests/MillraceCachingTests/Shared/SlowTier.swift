import Foundation
import MillraceCaching
import MillraceCore
import MillraceTesting

/// A shared tier that something happens to before its values arrive, or before it is purged.
struct SlowTier: SharedCacheTier {
    let base: InMemorySharedTier
    let beforeValues: @Sendable () -> Void
    /// What happens when something was done and its answer is on its way.
    var beforeAnswer: @Sendable (Call) async throws(StoreError) -> Void = { _ in }
    /// Is given what says that the purge goes on.
    var beforePurge: (@Sendable (_ step: @Sendable () async -> Void) async -> Void)?

    enum Call { case lease, mark, finish }

    init(_ base: InMemorySharedTier, beforeValues: @escaping @Sendable () -> Void) {
        self.base = base
        self.beforeValues = beforeValues
    }

    var connection: Int { base.connection }

    func values(
        _ keys: [CacheKey], in epoch: SharedCursor.Epoch
    ) async throws(StoreError) -> [CacheKey: SharedValue] {
        defer { beforeValues() }
        return try await base.values(keys, in: epoch)
    }

    func journal() async throws(StoreError) -> SharedJournal { try await base.journal() }

    func begin(_ cursor: SharedCursor, insteadOf old: SharedCursor?) async throws(StoreError) -> SharedCursor {
        try await base.begin(cursor, insteadOf: old)
    }

    func tell(
        _ kills: [CacheKey: Int64], rules: [CachePattern: Int64], from old: SharedCursor, upTo version: Int64
    ) async throws(StoreError) -> Bool {
        try await base.tell(kills, rules: rules, from: old, upTo: version)
    }

    func announce(
        _ pattern: CachePattern, version: Int64, origin: SharedToken, in epoch: SharedCursor.Epoch
    ) async throws(StoreError) {
        try await base.announce(pattern, version: version, origin: origin, in: epoch)
    }

    func lease(
        _ requests: [SharedLease.Request]
    ) async throws(StoreError) -> [SharedSlot<SharedToken, Data>.Answer] {
        let answers = try await base.lease(requests)
        try await beforeAnswer(.lease)
        return answers
    }

    func settle(_ fills: [SharedLease.Settlement]) async throws(StoreError) -> [Bool] { try await base.settle(fills) }
    func renew(_ lease: SharedLease) async throws(StoreError) -> Bool { try await base.renew(lease) }

    func mark(_ lease: SharedLease, origin: SharedToken) async throws(StoreError) -> Bool {
        let hadValue = try await base.mark(lease, origin: origin)
        try await beforeAnswer(.mark)
        return hadValue
    }

    func finish(
        _ lease: SharedLease, with value: SharedValue, origin: SharedToken
    ) async throws(StoreError) -> Bool {
        let isThere = try await base.finish(lease, with: value, origin: origin)
        try await beforeAnswer(.finish)
        return isThere
    }

    func abort(_ lease: SharedLease, origin: SharedToken) async throws(StoreError) {
        try await base.abort(lease, origin: origin)
    }

    func purge(
        _ pattern: CachePattern, olderThan version: Int64, in epoch: SharedCursor.Epoch,
        step: @Sendable () async -> Void
    ) async throws(StoreError) -> Int {
        await beforePurge?(step)
        return try await base.purge(pattern, olderThan: version, in: epoch, step: step)
    }

    func mayPurge(as holder: SharedToken) async throws(StoreError) -> Bool { try await base.mayPurge(as: holder) }
    func count(in epoch: SharedCursor.Epoch) async throws(StoreError) -> Int { try await base.count(in: epoch) }

    func subscribe(_ handler: @escaping @Sendable (SharedEvent) -> Void) -> any SharedSubscription {
        base.subscribe(handler)
    }

    func close() { base.close() }
}
