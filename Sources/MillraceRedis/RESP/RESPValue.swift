public import NIOCore

/// One reply of a Redis server, in RESP2 or RESP3.
///
/// Bytes are slices of what was received, not copies: who keeps a small one for long should copy it, or it keeps the
/// whole buffer. Source: the RESP specification, <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
public enum RESPValue: Sendable, Hashable {
    /// A short text (`+`), as in `OK`.
    case simpleString(String)
    /// What the server reports instead of a result (`-`, or `!` in RESP3).
    case error(RedisServerError)
    /// An integer (`:`).
    case integer(Int64)
    /// Bytes (`$`).
    case bulkString(ByteBuffer)
    /// No value: `_`, and in RESP2 an array or a bulk string of length -1.
    case null
    /// A boolean (`#`); RESP2 has 1 and 0 instead.
    case boolean(Bool)
    /// A floating-point number (`,`); RESP2 has a bulk string instead.
    case double(Double)
    /// The digits of an integer of any size (`(`), with a sign when it is negative.
    case bigNumber(String)
    /// Bytes with a format of three letters (`=`), as in `txt`.
    case verbatimString(format: String, ByteBuffer)
    /// Values in order (`*`).
    case array([RESPValue])
    /// Keys and values in turn (`%`), as RESP2 has them in an array.
    case map([RESPValue])
    /// Values without an order (`~`).
    case set([RESPValue])
    /// What the server says unasked (`>`), as in the messages of a channel; in RESP2 that is an array.
    case push([RESPValue])
}

extension RESPValue {
    /// The values of an array, a set or a push, and the keys and values of a map in turn; `nil` for everything else.
    public var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .map(let elements), .set(let elements), .push(let elements): elements
        default: nil
        }
    }

    /// The bytes of a string of any kind; `nil` for everything else.
    public var bytes: ByteBuffer? {
        switch self {
        case .simpleString(let text), .bigNumber(let text): ByteBuffer(string: text)
        case .bulkString(let bytes), .verbatimString(_, let bytes): bytes
        default: nil
        }
    }

    /// The text of a string of any kind, with what is no UTF-8 replaced; `nil` for everything else.
    public var text: String? {
        if case .simpleString(let text) = self { return text }
        return bytes.map { String(buffer: $0) }
    }

    /// The number, also when it came as a string; `nil` for everything else.
    public var number: Int64? {
        if case .integer(let number) = self { return number }
        return text.flatMap { Int64($0) }
    }
}
