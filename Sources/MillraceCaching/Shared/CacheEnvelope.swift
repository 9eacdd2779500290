public import Foundation
public import MillraceCore

/// A cached value as bytes for the shared tier: format, codec, times and a checksum, which also covers key and version.
///
/// | bytes | what |
/// | --- | --- |
/// | 2 | `MR` |
/// | 1 | the version of this format, 1 |
/// | 1 | the codec of the value |
/// | 8 | when it was put, microseconds since 1970 |
/// | 8 | the time from which it is gone |
/// | 4 | CRC-32C of all this but itself, the version in the slot, the key and the value |
/// | rest | the value |
///
/// Numbers are big-endian. What does not fit is no error: it is as if there were nothing.
public enum CacheEnvelope {
    private static let headerBytes = 24
    private static let checksumAt = 20
    private static let start: [UInt8] = [UInt8(ascii: "M"), UInt8(ascii: "R"), 1]

    /// Wraps a value.
    public static func encode(_ entry: CacheEntry) -> Data {
        var data = Data(capacity: headerBytes + entry.value.bytes.count)
        data.append(contentsOf: start)
        data.append(entry.value.codec.rawValue)
        data.append(bigEndian: entry.createdAt.microseconds)
        data.append(bigEndian: entry.expiresAt.microseconds)
        let sum = data.withUnsafeBytes { header in
            entry.value.bytes.withUnsafeBytes { checksum(header, $0, entry.key, entry.version) }
        }
        data.append(bigEndian: sum)
        data.append(entry.value.bytes)
        return data
    }

    /// Unwraps what lay under a key with a version; `nil` when it is damaged, of another key, or of a format that is not
    /// known.
    public static func decode(_ data: Data, key: CacheKey, version: Int64) -> CacheEntry? {
        data.withUnsafeBytes { envelope in
            guard envelope.count >= headerBytes, envelope.starts(with: start) else { return nil }
            let header = UnsafeRawBufferPointer(rebasing: envelope[..<checksumAt])
            let value = UnsafeRawBufferPointer(rebasing: envelope[headerBytes...])
            guard envelope.bigEndian(at: checksumAt) == checksum(header, value, key, version) else { return nil }
            return CacheEntry(
                key: key,
                value: CacheValue(bytes: Data(value), codec: CacheValue.Codec(rawValue: envelope[start.count])),
                createdAt: Timestamp(microseconds: envelope.bigEndian(at: 4)),
                expiresAt: Timestamp(microseconds: envelope.bigEndian(at: 12)), version: version)
        }
    }

    private static func checksum(
        _ header: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ key: CacheKey, _ version: Int64
    ) -> UInt32 {
        var sum = CRC32C()
        sum.add(header)
        withUnsafeBytes(of: version.bigEndian) { sum.add($0) }
        var text = key.text
        text.withUTF8 { sum.add(UnsafeRawBufferPointer($0)) }
        sum.add(value)
        return sum.value
    }
}

extension Data {
    fileprivate mutating func append(bigEndian number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func bigEndian<Number: FixedWidthInteger>(at offset: Int) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
