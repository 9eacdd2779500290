public import MillraceCore

/// The 256 parts of the shared tier. What belongs together lies in one of them: a key's slot, and the sequence and the
/// channel by which its writers tell the others.
public enum SharedBucket {
    /// How many there are.
    public static let count = 256

    /// The bucket of a key, the same in every process: FNV-1a of its bytes.
    public static func number(of key: CacheKey) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        // The lower bits of FNV mix worst.
        return Int(truncatingIfNeeded: (hash >> 32) ^ hash) & (count - 1)
    }
}
