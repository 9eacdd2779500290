internal import Foundation
internal import MillraceCore

// Bringing what was not there.
extension SharedLevel {
    /// Larger values do not come in: one would keep everybody else's commands waiting.
    static let largestValue = 16 << 20

    /// Brings what the authority had for the leases among the findings, and gives back those for which it had nothing.
    func settle(_ findings: [CacheKey: Finding], with entries: [CacheEntry]) async {
        let entries = Dictionary(entries.map { ($0.key, $0) }) { first, _ in first }
        let settlements = findings.compactMap { key, finding in
            if case .lease(let lease) = finding {
                SharedLease.Settlement(lease, entries[key].flatMap(shared))
            } else {
                nil
            }
        }
        guard !settlements.isEmpty else { return }
        await uncancelled { level in
            _ = try? await level.ask { (tier) throws(StoreError) in try await tier.settle(settlements) }
        }
    }

    /// The same for one lease.
    func settle(_ lease: SharedLease?, with entry: CacheEntry?) async {
        guard let lease else { return }
        await settle([lease.key: .lease(lease)], with: entry.map { [$0] } ?? [])
    }

    /// Does something that may take long, and keeps a lease meanwhile.
    func keeping<Value: Sendable>(
        _ lease: SharedLease?, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let lease else { return try await body() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask { [self] in
                while (try? await Task.sleep(for: Self.renewal)) != nil {
                    _ = try? await ask { (tier) throws(StoreError) in try await tier.renew(lease) }
                }
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }

    /// Three tries in the time of a lease.
    private static let renewal = SharedSlot<SharedToken, Data>.hold * 3 / 10

    /// An entry as the tier keeps it; `nil` when it is too large or has expired.
    func shared(_ entry: CacheEntry) -> SharedValue? {
        guard entry.value.bytes.count <= Self.largestValue, let remaining = entry.remaining(at: clock.now()) else {
            return nil
        }
        return SharedValue(
            version: entry.version, envelope: CacheEnvelope.encode(storeClock.forOthers(entry)),
            remaining: remaining.duration)
    }
}
