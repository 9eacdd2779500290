internal import NIOCore

/// Reads the replies of RESP2 and RESP3 from bytes that come in pieces of any size.
///
/// A plain state machine. It keeps what it has understood of an unfinished reply, so a reply in many pieces is not read
/// again with each of them. Streamed values of RESP3 (`$?`, `*?`), which no server sends, are refused.
struct RESPParser {
    /// What a reply may cost at most.
    struct Limits: Sendable {
        /// Bytes of one string; a server's own limit is 512 MiB.
        var bulkBytes = 512 << 20
        /// Values of one reply, all levels together.
        var elements = 1 << 20
        /// Levels of values in values.
        var depth = 32
        /// Bytes of a line: a number, a short text or an error.
        var lineBytes = 64 << 10
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

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Whether a reply has begun and not ended.
    var isInReply: Bool { !open.isEmpty || bulk != nil || awaitsValue }

    /// Takes the next reply off the bytes; `nil` when there is none that is whole. What is understood of one that is
    /// not is taken off as well.
    mutating func next(in buffer: inout ByteBuffer) throws(RESPViolation) -> RESPValue? {
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
        guard var line = try line(in: &buffer) else { return nil }
        let type = line.readInteger(as: UInt8.self) ?? 0
        switch type {
        case UInt8(ascii: "+"): return .value(.simpleString(String(buffer: line)))
        case UInt8(ascii: "-"): return .value(.error(RedisServerError(String(buffer: line))))
        case UInt8(ascii: ":"): return .value(.integer(try Self.integer(line)))
        case UInt8(ascii: "$"): return try bulk(.string, line, in: &buffer)
        case UInt8(ascii: "!"): return try bulk(.error, line, in: &buffer)
        case UInt8(ascii: "="): return try bulk(.verbatim, line, in: &buffer)
        case UInt8(ascii: "*"):
            guard let count = try length(line, upTo: limits.elements, canBeNull: true) else { return .value(.null) }
            return .header(.array, count: count)
        case UInt8(ascii: "%"): return .header(.map, count: try pairs(line))
        case UInt8(ascii: "|"): return .header(.attribute, count: try pairs(line))
        case UInt8(ascii: "~"): return .header(.set, count: try count(line))
        case UInt8(ascii: ">"): return .header(.push, count: try count(line))
        case UInt8(ascii: "_"):
            guard line.readableBytes == 0 else { throw RESPViolation("null has a value") }
            return .value(.null)
        case UInt8(ascii: "#"): return .value(.boolean(try Self.boolean(line)))
        case UInt8(ascii: ","): return .value(.double(try Self.double(line)))
        case UInt8(ascii: "("): return .value(.bigNumber(try Self.bigNumber(line)))
        default: throw RESPViolation("a value begins with the byte \(type)")
        }
    }

    /// Takes off a line without its end; `nil` when that has not come.
    private mutating func line(in buffer: inout ByteBuffer) throws(RESPViolation) -> ByteBuffer? {
        let bytes = buffer.readableBytesView
        let start = bytes.startIndex
        guard let end = bytes[(start + searched)...].firstIndex(of: UInt8(ascii: "\r")), end + 1 < bytes.endIndex else {
            // A carriage return at the very end is looked at again.
            searched = max(0, bytes.count - 1)
            guard bytes.count <= limits.lineBytes else { throw RESPViolation("a line is too long") }
            return nil
        }
        guard bytes[end + 1] == UInt8(ascii: "\n") else { throw RESPViolation("a line does not end as it must") }
        guard end - start <= limits.lineBytes else { throw RESPViolation("a line is too long") }
        searched = 0
        let line = buffer.readSlice(length: end - start)
        buffer.moveReaderIndex(forwardBy: 2)
        return line
    }

    private mutating func bulk(
        _ kind: BulkKind, _ line: ByteBuffer, in buffer: inout ByteBuffer
    ) throws(RESPViolation) -> Item? {
        let length = try length(line, upTo: limits.bulkBytes, canBeNull: kind == .string)
        guard let length else { return .value(.null) }
        return try string(kind, length, in: &buffer)
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

    private func count(_ line: ByteBuffer) throws(RESPViolation) -> Int {
        try length(line, upTo: limits.elements, canBeNull: false) ?? 0
    }

    private func pairs(_ line: ByteBuffer) throws(RESPViolation) -> Int { 2 * (try count(line)) }

    /// A length that is allowed; `nil` for -1, where that means no value.
    private func length(_ line: ByteBuffer, upTo limit: Int, canBeNull: Bool) throws(RESPViolation) -> Int? {
        let length = try Self.integer(line)
        if canBeNull, length == -1 { return nil }
        guard length >= 0 else { throw RESPViolation("a length is negative") }
        guard length <= limit else { throw RESPViolation("a value is larger than \(limit)") }
        return Int(length)
    }

    private static func integer(_ line: ByteBuffer) throws(RESPViolation) -> Int64 {
        var digits = line.readableBytesView[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard !digits.isEmpty else { throw RESPViolation("a number has no digits") }
        var number: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else {
                throw RESPViolation("a number has a character that is no digit")
            }
            let value = Int64(digit - UInt8(ascii: "0"))
            let (product, isTooLong) = number.multipliedReportingOverflow(by: 10)
            let (sum, isTooLarge) =
                isNegative ? product.subtractingReportingOverflow(value) : product.addingReportingOverflow(value)
            guard !isTooLong, !isTooLarge else { throw RESPViolation("a number has more than 64 bits") }
            number = sum
        }
        return number
    }

    private static func boolean(_ line: ByteBuffer) throws(RESPViolation) -> Bool {
        switch String(buffer: line) {
        case "t": return true
        case "f": return false
        default: throw RESPViolation("a boolean is neither true nor false")
        }
    }

    private static func double(_ line: ByteBuffer) throws(RESPViolation) -> Double {
        let text = String(buffer: line)
        let isPlain = text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
        guard isPlain || ["inf", "-inf", "nan", "-nan"].contains(text), let number = Double(text) else {
            throw RESPViolation("a floating-point number makes no sense")
        }
        return number
    }

    private static func bigNumber(_ line: ByteBuffer) throws(RESPViolation) -> String {
        let text = String(buffer: line)
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw RESPViolation("a big number has a character that is no digit")
        }
        return text
    }
}
