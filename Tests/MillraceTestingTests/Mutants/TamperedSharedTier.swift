import Foundation
import MillraceCaching
import MillraceCore
import MillraceTesting

/// A shared tier of which a mutant replaces some verbs.
struct TamperedSharedTier: SharedCacheTier {
    typealias Base = InMemorySharedTier
    typealias Answer = SharedSlot<SharedToken, Data>.Answer

    let base: Base
    var onLease: (@Sendable (Base, [SharedLease.Request]) async throws -> [Answer])?
    var onSettle: (@Sendable (Base, [SharedLease.Settlement]) async throws -> [Bool])?
    var onRenew: (@Sendable (Base, SharedLease) async throws -> Bool)?
    var onMark: (@Sendable (Base, SharedLease, SharedToken) async throws -> Bool)?
    var onFinish: (@Sendable (Base, SharedLease, SharedValue, SharedToken) async throws -> Bool)?
    var onAbort: (@Sendable (Base, SharedLease, SharedToken) async throws -> Void)?
    var onValues: (@Sendable (Base, [CacheKey], SharedCursor.Epoch) async throws -> [CacheKey: SharedValue])?
    var onCount: (@Sendable (Base, SharedCursor.Epoch) async throws -> Int)?
    var onJournal: (@Sendable (Base) async throws -> SharedJournal)?
    var onBegin: (@Sendable (Base, SharedCursor, SharedCursor?) async throws -> SharedCursor)?
    var onTell:
        (
            @Sendable (Base, [CacheKey: Int64], [CachePattern: Int64], SharedCursor, Int64) async throws ->
                Bool
        )?
    var onAnnounce: (@Sendable (Base, CachePattern, Int64, SharedToken, SharedCursor.Epoch) async throws -> Void)?
    var onPurge: (@Sendable (Base, CachePattern, Int64, SharedCursor.Epoch) async throws -> Int)?
    var onMayPurge: (@Sendable (Base, SharedToken) async throws -> Bool)?
    /// What the handler of one who listens is called with, for each event; nothing when it is lost.
    var onEvent: (@Sendable (SharedEvent) -> [SharedEvent])?

    init(_ base: Base) {
        self.base = base
    }

    var connection: Int { base.connection }

    func journal() async throws(StoreError) -> SharedJournal {
        if let onJournal { return try await storeError { try await onJournal(base) } }
        return try await base.journal()
    }

    func begin(_ cursor: SharedCursor, insteadOf old: SharedCursor?) async throws(StoreError) -> SharedCursor {
        if let onBegin { return try await storeError { try await onBegin(base, cursor, old) } }
        return try await base.begin(cursor, insteadOf: old)
    }

    func tell(
        _ kills: [CacheKey: Int64], rules: [CachePattern: Int64], from old: SharedCursor, upTo version: Int64
    ) async throws(StoreError) -> Bool {
        if let onTell { return try await storeError { try await onTell(base, kills, rules, old, version) } }
        return try await base.tell(kills, rules: rules, from: old, upTo: version)
    }

    func announce(
        _ pattern: CachePattern, version: Int64, origin: SharedToken, in epoch: SharedCursor.Epoch
    ) async throws(StoreError) {
        if let onAnnounce {
            return try await storeError { try await onAnnounce(base, pattern, version, origin, epoch) }
        }
        try await base.announce(pattern, version: version, origin: origin, in: epoch)
    }

    func values(
        _ keys: [CacheKey], in epoch: SharedCursor.Epoch
    ) async throws(StoreError) -> [CacheKey: SharedValue] {
        if let onValues { return try await storeError { try await onValues(base, keys, epoch) } }
        return try await base.values(keys, in: epoch)
    }

    func lease(_ requests: [SharedLease.Request]) async throws(StoreError) -> [Answer] {
        if let onLease { return try await storeError { try await onLease(base, requests) } }
        return try await base.lease(requests)
    }

    func settle(_ fills: [SharedLease.Settlement]) async throws(StoreError) -> [Bool] {
        if let onSettle { return try await storeError { try await onSettle(base, fills) } }
        return try await base.settle(fills)
    }

    func renew(_ lease: SharedLease) async throws(StoreError) -> Bool {
        if let onRenew { return try await storeError { try await onRenew(base, lease) } }
        return try await base.renew(lease)
    }

    func mark(_ lease: SharedLease, origin: SharedToken) async throws(StoreError) -> Bool {
        if let onMark { return try await storeError { try await onMark(base, lease, origin) } }
        return try await base.mark(lease, origin: origin)
    }

    func finish(
        _ lease: SharedLease, with value: SharedValue, origin: SharedToken
    ) async throws(StoreError) -> Bool {
        if let onFinish { return try await storeError { try await onFinish(base, lease, value, origin) } }
        return try await base.finish(lease, with: value, origin: origin)
    }

    func abort(_ lease: SharedLease, origin: SharedToken) async throws(StoreError) {
        if let onAbort { return try await storeError { try await onAbort(base, lease, origin) } }
        try await base.abort(lease, origin: origin)
    }

    func purge(
        _ pattern: CachePattern, olderThan version: Int64, in epoch: SharedCursor.Epoch,
        step: @Sendable () async -> Void
    ) async throws(StoreError) -> Int {
        if let onPurge { return try await storeError { try await onPurge(base, pattern, version, epoch) } }
        return try await base.purge(pattern, olderThan: version, in: epoch, step: step)
    }

    func mayPurge(as holder: SharedToken) async throws(StoreError) -> Bool {
        if let onMayPurge { return try await storeError { try await onMayPurge(base, holder) } }
        return try await base.mayPurge(as: holder)
    }

    func count(in epoch: SharedCursor.Epoch) async throws(StoreError) -> Int {
        if let onCount { return try await storeError { try await onCount(base, epoch) } }
        return try await base.count(in: epoch)
    }

    func subscribe(_ handler: @escaping @Sendable (SharedEvent) -> Void) -> any SharedSubscription {
        guard let onEvent else { return base.subscribe(handler) }
        return base.subscribe { event in for event in onEvent(event) { handler(event) } }
    }

    func close() {}
}
