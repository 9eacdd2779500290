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
        let words = name.split(separator: " ")
        var bytes = ByteBuffer()
        let size = arguments.reduce(0) { $0 + $1.size }
        bytes.reserveCapacity(size + name.utf8.count + 16 * (words.count + arguments.count + 1))
        bytes.writeHeader("*", words.count + arguments.count)
        for word in words { RedisArgument.text(String(word)).write(to: &bytes) }
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
        case .text(let text):
            buffer.writeHeader("$", text.utf8.count)
            buffer.writeString(text)
        case .bytes(let bytes):
            buffer.writeHeader("$", bytes.readableBytes)
            buffer.writeImmutableBuffer(bytes)
        case .integer(let number):
            let text = String(number)
            buffer.writeHeader("$", text.utf8.count)
            buffer.writeString(text)
        }
        buffer.writeStaticString("\r\n")
    }
}

extension RedisArgument: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// A text.
    public init(stringLiteral text: String) { self = .text(text) }
    /// A number.
    public init(integerLiteral number: Int64) { self = .integer(number) }
}

extension ByteBuffer {
    fileprivate mutating func writeHeader(_ type: StaticString, _ count: Int) {
        writeStaticString(type)
        writeString(String(count))
        writeStaticString("\r\n")
    }
}
