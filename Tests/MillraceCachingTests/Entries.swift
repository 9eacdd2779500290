import Foundation
import MillraceCore
import MillraceTesting

func key(_ name: String) -> CacheKey {
    CacheKey(stored: name)
}

func value(_ text: String) -> CacheValue {
    CacheValue(bytes: Data(text.utf8))
}

func ttl(_ duration: Duration) throws -> TTL {
    try TTL(duration)
}

/// An entry of `bytes` bytes that lives for a minute.
func entry(
    _ name: String, bytes: Int = 1, version: Int64 = 1, at now: Timestamp, for duration: Duration = .seconds(60)
) -> CacheEntry {
    CacheEntry(
        key: key(name), value: CacheValue(bytes: Data(repeating: UInt8(truncatingIfNeeded: version), count: bytes)),
        createdAt: now, expiresAt: now + duration, version: version)
}
