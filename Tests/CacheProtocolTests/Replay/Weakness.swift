import Foundation
import MillraceCaching
import MillraceCore
import Synchronization

/// What a protocol without a guard would do in the place of the tier's own steps, on the same server.
final class Weakness: Sendable {
    let missing: Guard
    private let server: ReplayServer
    private let state = Mutex(State())

    private struct State {
        var epoch: SharedCursor.Epoch?
        var writers: Set<SharedToken> = []
    }

    /// Those that can be taken out between the cache and its tier; the others are within.
    static let possible: Set<Guard> = [
        .lease, .conditionalFill, .floor, .tokens, .publish, .drain, .drainFirst, .epoch, .reconnect, .flight, .journal,
    ]

    init(_ missing: Guard, server: ReplayServer) {
        self.missing = missing
        self.server = server
    }

    func note(_ cursor: SharedCursor?) {
        guard let cursor else { return }
        state.withLock { $0.epoch = cursor.epoch }
    }

    /// The same cursor in the epoch that there was.
    func sameEpoch(_ cursor: SharedCursor) -> SharedCursor? {
        state.withLock(\.epoch).map { SharedCursor(epoch: $0, version: cursor.version) }
    }

    /// Moves the cursor, whatever it is now.
    func move(_ cursor: SharedCursor, to version: Int64) async {
        try? await server.setCursor(SharedCursor(epoch: cursor.epoch, version: version))
    }

    /// Whether readers fill slots of which they have no lease.
    var isWithoutLeases: Bool { missing == .lease || missing == .conditionalFill }

    /// Fills the slot if it is empty, or whatever is there.
    func settle(_ fill: SharedLease.Settlement, _ base: any SharedCacheTier) async throws(StoreError) -> Bool {
        guard let value = fill.value else { return false }
        return try await fillAnew(fill.lease, value, base, whatever: missing == .conditionalFill)
    }

    func willMark(_ lease: SharedLease) async {
        state.withLock { _ = $0.writers.insert(lease.token) }
        if missing == .tokens { try? await server.evictSlot() }
    }

    /// The last writer puts its value in, whatever was finished before.
    func didFinish(
        _ lease: SharedLease, _ value: SharedValue, _ base: any SharedCacheTier
    ) async throws(StoreError) -> Bool {
        let isLast = state.withLock { state in
            state.writers.remove(lease.token)
            return state.writers.isEmpty
        }
        guard missing == .floor, isLast else { return false }
        return try await fillAnew(lease, value, base, whatever: true)
    }

    private func fillAnew(
        _ lease: SharedLease, _ value: SharedValue, _ base: any SharedCacheTier, whatever: Bool
    ) async throws(StoreError) -> Bool {
        if whatever { try? await server.evictSlot() }
        let own = SharedLease(lease.key, in: lease.epoch)
        guard case .leased = try await base.lease([SharedLease.Request(own)]).first else { return false }
        return try await base.settle([SharedLease.Settlement(own, value)]).first ?? false
    }
}
