internal import Foundation
internal import MillraceCore

/// Makes identifiers that ascend even within a millisecond, so that what is made first is first in every order.
struct IdentifierSequence {
    private var last: [UInt8] = []

    mutating func next<Entity>(at time: Timestamp) -> Identifier<Entity> {
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
