package import NIOCore

/// Reads the replies of RESP2 and RESP3 from bytes that come in pieces of any size.
///
/// A plain state machine. It keeps what it has understood of an unfinished reply, so a reply in many pieces is not read
/// again with each of them. Streamed values of RESP3 (`$?`, `*?`), which no server sends, are refused.
package struct RESPParser {
    /// What a reply may cost at most.
    package struct Limits: Sendable {
        /// Bytes of one string; a server's own limit is 512 MiB.
        package var bulkBytes = 512 << 20
        /// Values of one reply, all levels together.
        package var elements = 1 << 20
        /// Levels of values in values.
        package var depth = 32
        /// Bytes of a line: a number, a short text or an error.
        package var lineBytes = 64 << 10

        /// The defaults.
        package init() {}
    }

    private enum Kind {
        case array, map, set, push, attribute
    }

    private enum BulkKind {
        case string, error, verbatim
    }

    /// A value that is made of values which have not all come yet.
    private struct Aggregate {
        let kind: Kind
        var missing: Int
        var elements: [RESPValue] = []
    }

    private enum Item {
        case value(RESPValue)
        case header(Kind, count: Int)
    }

    private let limits: Limits
    private var open: [Aggregate] = []
    /// Whether attributes have come whose value has not begun.
    private var awaitsValue = false
    /// Values of the reply so far.
    private var elements = 0
    /// The string whose length is known, and whose bytes have not all come.
    private var bulk: (kind: BulkKind, length: Int)?
    /// How much of an unfinished line was searched for its end.
    private var searched = 0

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Whether a reply has begun and not ended.
    var isInReply: Bool { !open.isEmpty || bulk != nil || awaitsValue }

    /// Takes the next reply off the bytes; `nil` when there is none that is whole. What is understood of one that is
    /// not is taken off as well.
    package mutating func next(in buffer: inout ByteBuffer) throws(RESPViolation) -> RESPValue? {
        while let item = try item(in: &buffer) {
            switch item {
            case .value(let value):
                if let reply = close(with: value) { return reply }
            case .header(let kind, let count):
                if let reply = try begin(kind, count, atHand: buffer.readableBytes) { return reply }
            }
        }
        return nil
    }

    /// Takes all replies off the bytes that are whole, also those before a violation.
    mutating func read(from buffer: inout ByteBuffer, into replies: inout [RESPValue]) throws(RESPViolation) {
        while let reply = try next(in: &buffer) { replies.append(reply) }
    }

    private mutating func begin(_ kind: Kind, _ count: Int, atHand: Int) throws(RESPViolation) -> RESPValue? {
        guard open.count < limits.depth else { throw RESPViolation("a reply is nested too deeply") }
        guard kind != .push || open.isEmpty else { throw RESPViolation("a push stands inside a reply") }
        elements += count
        guard elements <= limits.elements else { throw RESPViolation("a reply has too many values") }
        guard count > 0 else {
            awaitsValue = kind == .attribute
            return kind == .attribute ? nil : close(with: Self.value(kind, []))
        }
        var aggregate = Aggregate(kind: kind, missing: count)
        // Each value takes three bytes or more: what was only promised gets no memory.
        aggregate.elements.reserveCapacity(min(count, atHand / 3 + 1))
        open.append(aggregate)
        return nil
    }

    /// Puts a value where it belongs.
    ///
    /// - Returns: the reply, if that was the last of it.
    private mutating func close(with value: RESPValue) -> RESPValue? {
        var value = value
        while let last = open.indices.last {
            open[last].elements.append(value)
            open[last].missing -= 1
            guard open[last].missing == 0 else { return nil }
            let aggregate = open.removeLast()
            // It says something about the value that comes next, and is none itself.
            if aggregate.kind == .attribute {
                awaitsValue = open.isEmpty
                return nil
            }
            value = Self.value(aggregate.kind, aggregate.elements)
        }
        elements = 0
        awaitsValue = false
        return value
    }

    private static func value(_ kind: Kind, _ elements: [RESPValue]) -> RESPValue {
        switch kind {
        case .map: .map(elements)
        case .set: .set(elements)
        case .push: .push(elements)
        case .array, .attribute: .array(elements)
        }
    }
}

extension RESPParser {
    private mutating func item(in buffer: inout ByteBuffer) throws(RESPViolation) -> Item? {
        if let bulk { return try string(bulk.kind, bulk.length, in: &buffer) }
        guard let length = try lineLength(in: buffer.readableBytesUInt8Span) else { return nil }
        guard let type = buffer.readInteger(as: UInt8.self), length > 0 else { throw RESPViolation("a line is empty") }
        switch type {
        case UInt8(ascii: "+"): return .value(.simpleString(Self.text(length, in: &buffer)))
        case UInt8(ascii: "-"): return .value(.error(RedisServerError(Self.text(length, in: &buffer))))
        case UInt8(ascii: "_"):
            guard Self.text(length, in: &buffer).isEmpty else { throw RESPViolation("null has a value") }
            return .value(.null)
        case UInt8(ascii: "#"): return .value(.boolean(try Self.boolean(Self.text(length, in: &buffer))))
        case UInt8(ascii: ","): return .value(.double(try Self.double(Self.text(length, in: &buffer))))
        case UInt8(ascii: "("): return .value(.bigNumber(try Self.bigNumber(Self.text(length, in: &buffer))))
        default: return try item(type, try Self.number(length, in: &buffer), in: &buffer)
        }
    }

    /// The values that begin with a number.
    private mutating func item(
        _ type: UInt8, _ number: Int64, in buffer: inout ByteBuffer
    ) throws(RESPViolation) -> Item? {
        switch type {
        case UInt8(ascii: ":"): return .value(.integer(number))
        case UInt8(ascii: "$"):
            if number == -1 { return .value(.null) }
            return try string(.string, try length(number, upTo: limits.bulkBytes), in: &buffer)
        case UInt8(ascii: "!"): return try string(.error, try length(number, upTo: limits.bulkBytes), in: &buffer)
        case UInt8(ascii: "="): return try string(.verbatim, try length(number, upTo: limits.bulkBytes), in: &buffer)
        case UInt8(ascii: "*"): return number == -1 ? .value(.null) : .header(.array, count: try count(number))
        case UInt8(ascii: "%"): return .header(.map, count: 2 * (try count(number)))
        case UInt8(ascii: "|"): return .header(.attribute, count: 2 * (try count(number)))
        case UInt8(ascii: "~"): return .header(.set, count: try count(number))
        case UInt8(ascii: ">"): return .header(.push, count: try count(number))
        default: throw RESPViolation("a value begins with the byte \(type)")
        }
    }

    /// The length of the line at the beginning, without its end; `nil` when that has not come.
    private mutating func lineLength(in bytes: Span<UInt8>) throws(RESPViolation) -> Int? {
        var end = searched
        while end < bytes.count, bytes[end] != UInt8(ascii: "\r") { end += 1 }
        guard end <= limits.lineBytes else { throw RESPViolation("a line is too long") }
        guard end + 1 < bytes.count else {
            // A carriage return at the very end is looked at again.
            searched = end
            return nil
        }
        guard bytes[end + 1] == UInt8(ascii: "\n") else { throw RESPViolation("a line does not end as it must") }
        searched = 0
        return end
    }

    private mutating func string(
        _ kind: BulkKind, _ length: Int, in buffer: inout ByteBuffer
    ) throws(RESPViolation) -> Item? {
        guard buffer.readableBytes >= length + 2 else {
            bulk = (kind, length)
            return nil
        }
        bulk = nil
        guard var bytes = buffer.readSlice(length: length), buffer.readInteger(as: UInt16.self) == 0x0D0A else {
            throw RESPViolation("a string is longer than it says")
        }
        switch kind {
        case .string: return .value(.bulkString(bytes))
        case .error: return .value(.error(RedisServerError(String(buffer: bytes))))
        case .verbatim:
            guard let format = bytes.readString(length: 3), bytes.readInteger(as: UInt8.self) == UInt8(ascii: ":")
            else { throw RESPViolation("a verbatim string has no format") }
            return .value(.verbatimString(format: format, bytes))
        }
    }

    private func count(_ number: Int64) throws(RESPViolation) -> Int { try length(number, upTo: limits.elements) }

    private func length(_ number: Int64, upTo limit: Int) throws(RESPViolation) -> Int {
        guard number >= 0 else { throw RESPViolation("a length is negative") }
        guard number <= limit else { throw RESPViolation("a value is larger than \(limit)") }
        return Int(number)
    }

    /// Takes off the rest of a line of so many bytes, whose type is gone, as text.
    private static func text(_ length: Int, in buffer: inout ByteBuffer) -> String {
        defer { buffer.moveReaderIndex(forwardBy: 2) }
        return buffer.readString(length: length - 1) ?? ""
    }

    /// Takes off the rest of a line of so many bytes, whose type is gone, as a number.
    private static func number(_ length: Int, in buffer: inout ByteBuffer) throws(RESPViolation) -> Int64 {
        let number = try integer(buffer.readableBytesUInt8Span.extracting(first: length - 1))
        buffer.moveReaderIndex(forwardBy: length + 1)
        return number
    }

    private static func integer(_ line: Span<UInt8>) throws(RESPViolation) -> Int64 {
        guard line.count > 0 else { throw RESPViolation("a number has no digits") }
        let isNegative = line[0] == UInt8(ascii: "-")
        var index = isNegative || line[0] == UInt8(ascii: "+") ? 1 : 0
        guard index < line.count else { throw RESPViolation("a number has no digits") }
        var number: Int64 = 0
        while index < line.count {
            let value = Int64(line[index]) - Int64(UInt8(ascii: "0"))
            guard (0...9).contains(value) else { throw RESPViolation("a number has a character that is no digit") }
            let (product, isTooLong) = number.multipliedReportingOverflow(by: 10)
            let (sum, isTooLarge) =
                isNegative ? product.subtractingReportingOverflow(value) : product.addingReportingOverflow(value)
            guard !isTooLong, !isTooLarge else { throw RESPViolation("a number has more than 64 bits") }
            number = sum
            index += 1
        }
        return number
    }

    private static func boolean(_ text: String) throws(RESPViolation) -> Bool {
        switch text {
        case "t": return true
        case "f": return false
        default: throw RESPViolation("a boolean is neither true nor false")
        }
    }

    private static func double(_ text: String) throws(RESPViolation) -> Double {
        let isPlain = text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
        guard isPlain || ["inf", "-inf", "nan", "-nan"].contains(text), let number = Double(text) else {
            throw RESPViolation("a floating-point number makes no sense")
        }
        return number
    }

    private static func bigNumber(_ text: String) throws(RESPViolation) -> String {
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw RESPViolation("a big number has a character that is no digit")
        }
        return text
    }
}
