public import NIOCore

/// A command and its arguments, as the bytes that are sent.
public struct RedisCommand: Sendable, Hashable {
    /// The command's name, for errors and traces; never an argument.
    public let name: String
    let bytes: ByteBuffer

    /// Makes a command; its name is one word, or several as in `CLIENT SETNAME`.
    public init(_ name: String, _ arguments: RedisArgument...) {
        self.init(name, arguments)
    }

    /// Makes a command of as many arguments as there are.
    public init(_ name: String, _ arguments: [RedisArgument]) {
        self.name = name
        let words = name.utf8.contains(UInt8(ascii: " ")) ? name.split(separator: " ").map(String.init) : [name]
        var bytes = ByteBuffer()
        // A number before each word and argument, and two ends of lines.
        bytes.reserveCapacity(
            arguments.reduce(name.utf8.count + 24 * (words.count + arguments.count + 1)) { $0 + $1.size })
        bytes.writeHeader(UInt8(ascii: "*"), words.count + arguments.count)
        for word in words { bytes.writeBulk(word) }
        for argument in arguments { argument.write(to: &bytes) }
        self.bytes = bytes
    }
}

extension RedisCommand: CustomStringConvertible {
    /// The name alone: arguments may be private.
    public var description: String { name }
}

/// One argument of a command: text, bytes, or a number, which is sent as text.
public enum RedisArgument: Sendable, Hashable {
    /// UTF-8 text.
    case text(String)
    /// Any bytes.
    case bytes(ByteBuffer)
    /// A number in decimal digits.
    case integer(Int64)

    fileprivate var size: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.readableBytes
        case .integer: 20
        }
    }

    fileprivate func write(to buffer: inout ByteBuffer) {
        switch self {
        case .text(let text): buffer.writeBulk(text)
        case .bytes(let bytes):
            buffer.writeHeader(UInt8(ascii: "$"), bytes.readableBytes)
            buffer.writeImmutableBuffer(bytes)
            buffer.writeLineEnd()
        case .integer(let number): buffer.writeBulk(String(number))
        }
    }
}

extension RedisArgument: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// A text.
    public init(stringLiteral text: String) { self = .text(text) }
    /// A number.
    public init(integerLiteral number: Int64) { self = .integer(number) }
}

extension ByteBuffer {
    fileprivate mutating func writeHeader(_ type: UInt8, _ count: Int) {
        writeInteger(type)
        writeDigits(count)
        writeLineEnd()
    }

    fileprivate mutating func writeBulk(_ text: String) {
        writeHeader(UInt8(ascii: "$"), text.utf8.count)
        writeString(text)
        writeLineEnd()
    }

    fileprivate mutating func writeLineEnd() {
        writeInteger(0x0D0A as UInt16)
    }

    private mutating func writeDigits(_ number: Int) {
        if number >= 10 { writeDigits(number / 10) }
        writeInteger(UInt8(ascii: "0") + UInt8(number % 10))
    }
}
