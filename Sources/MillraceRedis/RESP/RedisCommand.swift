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
        let words = name.utf8.contains(UInt8(ascii: " ")) ? name.split(separator: " ") : [Substring(name)]
        let count = words.count + arguments.count
        // A number before each word and argument, and two ends of lines.
        let size = arguments.reduce(name.utf8.count + 24 * (count + 1)) { $0 + $1.size }
        bytes = ByteBufferAllocator().buffer(capacity: size) { bytes in
            bytes.appendHeader(UInt8(ascii: "*"), count)
            for word in words { bytes.appendBulk(word) }
            for argument in arguments { argument.append(to: &bytes) }
        }
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

    fileprivate func append(to bytes: inout OutputRawSpan) {
        switch self {
        case .text(let text): bytes.appendBulk(text)
        case .bytes(let buffer): buffer.withUnsafeReadableBytes { bytes.appendBulk($0) }
        case .integer(let number): bytes.appendBulk(String(number))
        }
    }
}

extension RedisArgument: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// A text.
    public init(stringLiteral text: String) { self = .text(text) }
    /// A number.
    public init(integerLiteral number: Int64) { self = .integer(number) }
}

extension OutputRawSpan {
    fileprivate mutating func appendHeader(_ type: UInt8, _ count: Int) {
        append(type)
        appendDigits(count)
        appendLineEnd()
    }

    fileprivate mutating func appendBulk(_ text: some StringProtocol) {
        var text = String(text)
        text.withUTF8 { appendBulk(UnsafeRawBufferPointer($0)) }
    }

    fileprivate mutating func appendBulk(_ bytes: UnsafeRawBufferPointer) {
        appendHeader(UInt8(ascii: "$"), bytes.count)
        withUnsafeMutableBytes { room, count in
            UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyMemory(from: bytes)
            count += bytes.count
        }
        appendLineEnd()
    }

    private mutating func appendLineEnd() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }

    private mutating func appendDigits(_ number: Int) {
        if number >= 10 { appendDigits(number / 10) }
        append(UInt8(ascii: "0") + UInt8(number % 10))
    }
}
