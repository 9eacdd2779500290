internal import Foundation

/// Makes identifiers that ascend even within a millisecond, so that what is made first is first in every order.
///
/// RFC 9562 calls this the monotonic random method (section 6.2).
public struct IdentifierSequence: Sendable {
    private var last: [UInt8] = []

    /// Makes a sequence that has given nothing yet.
    public init() {}

    /// Makes the next identifier. When the clock was set back, it lies behind the last one all the same.
    public mutating func next<Entity>(at time: Timestamp) -> Identifier<Entity> {
        var bytes = withUnsafeBytes(of: Identifier<Entity>.make(at: time).uuid.uuid) { Array($0) }
        if let previous = last.isEmpty ? nil : last, !previous.lexicographicallyPrecedes(bytes) {
            bytes = Self.successor(of: previous)
        }
        last = bytes
        return Identifier(
            UUID(
                uuid: (
                    bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
                    bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
                )))
    }

    /// Adds one to the random bits behind the variant; 62 bits do not run over in the life of a process.
    private static func successor(of bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for index in bytes.indices.reversed() {
            bytes[index] &+= 1
            if bytes[index] != 0 { break }
        }
        return bytes
    }
}
