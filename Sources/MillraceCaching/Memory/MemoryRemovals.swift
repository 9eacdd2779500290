internal import MillraceCore

/// Counts removals near a key: of the key itself, and of one in sixty-four others of its shard.
///
/// A value that is fetched from elsewhere is kept only if nothing was removed near its key meanwhile. The fewer keys are
/// near, the fewer values are given up for nothing; the more there are, the less there is to keep in mind.
struct MemoryRemovals {
    private static let stripes = 64

    private var counts = [UInt64](repeating: 0, count: stripes)
    private var ofAll: UInt64 = 0

    /// Grows with every removal near a key.
    func count(near key: CacheKey) -> UInt64 { counts[Self.stripe(of: key)] + ofAll }

    /// Counts the removal of a key.
    mutating func note(_ key: CacheKey) {
        counts[Self.stripe(of: key)] += 1
    }

    /// Counts a removal that may be of any key.
    mutating func noteAll() {
        ofAll += 1
    }

    private static func stripe(of key: CacheKey) -> Int { key.fingerprint & (stripes - 1) }
}
