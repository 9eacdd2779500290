internal import MillraceCore

/// What memory holds of an entry and never changes: handed out by reference, so that a lookup copies nothing under its
/// lock.
final class MemoryPayload: Sendable {
    let entry: CacheEntry
    /// From when it is gone everywhere.
    let goneAt: Timestamp
    /// What it takes of the bounds.
    let bytes: Int

    init(_ entry: CacheEntry, goneAt: Timestamp, bytes: Int) {
        self.entry = entry
        self.goneAt = goneAt
        self.bytes = bytes
    }

    /// The value, with what remains of it.
    func hit(at now: Timestamp) -> CacheHit? {
        guard let remaining = TTL(microseconds: goneAt.microseconds - now.microseconds) else { return nil }
        return CacheHit(value: entry.value, tier: .l1, remaining: remaining)
    }
}
