internal import Foundation
internal import MillraceCaching
internal import NIOCore

/// A slot as bytes: a letter for what it is, then a version or a token, then the rest.
///
/// | first | then |
/// | --- | --- |
/// | `V` | the version, 8 bytes big-endian; the envelope |
/// | `L` | the token of the lease, 16 bytes |
/// | `M` | the floor, 8 bytes big-endian; the tokens of the writers |
enum SlotCoding {
    /// A value as a script writes it.
    static func value(_ value: SharedValue) -> RedisArgument {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(9 + value.envelope.count)
        bytes.writeInteger(UInt8(ascii: "V"))
        bytes.writeInteger(value.version)
        bytes.writeBytes(value.envelope)
        return .bytes(bytes)
    }

    /// Reads a slot; `nil` for one that holds no value.
    static func value(_ reply: RESPValue) -> SharedValue? {
        guard case .bulkString(var bytes) = reply, bytes.readInteger(as: UInt8.self) == UInt8(ascii: "V"),
            let version = bytes.readInteger(as: Int64.self)
        else { return nil }
        return SharedValue(version: version, envelope: bytes.withUnsafeReadableBytes { Data($0) })
    }

    static func version(_ version: Int64) -> RedisArgument { .bytes(ByteBuffer(integer: version)) }

    static func token(_ token: SharedToken) -> RedisArgument { .bytes(ByteBuffer(bytes: token.bytes)) }
}
