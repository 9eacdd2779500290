import MillraceTesting
import NIOCore
import Testing

@testable import MillraceRedis

@Suite struct RESPParserTests {
    /// What a server sends, and what it means.
    struct Sample: Sendable, CustomTestStringConvertible {
        let bytes: String
        let value: RESPValue
        var testDescription: String { bytes.debugDescription }

        init(_ bytes: String, _ value: RESPValue) {
            self.bytes = bytes
            self.value = value
        }
    }

    static let samples = [
        Sample("+OK\r\n", .simpleString("OK")),
        Sample("+\r\n", .simpleString("")),
        Sample("-ERR unknown command\r\n", .error(RedisServerError("ERR unknown command"))),
        Sample(":0\r\n", .integer(0)),
        Sample(":-9223372036854775808\r\n", .integer(.min)),
        Sample(":+9223372036854775807\r\n", .integer(.max)),
        Sample("$0\r\n\r\n", bulk("")),
        Sample("$12\r\nline\r\nline\r\n\r\n", bulk("line\r\nline\r\n")),
        Sample("$-1\r\n", .null),
        Sample("*-1\r\n", .null),
        Sample("*0\r\n", .array([])),
        Sample("*3\r\n:1\r\n$1\r\na\r\n*1\r\n+b\r\n", .array([.integer(1), bulk("a"), .array([.simpleString("b")])])),
        Sample("_\r\n", .null),
        Sample("#t\r\n", .boolean(true)),
        Sample("#f\r\n", .boolean(false)),
        Sample(",1.5e3\r\n", .double(1_500)),
        Sample(",-inf\r\n", .double(-.infinity)),
        Sample(
            "(-3492890328409238509324850943850943825024385\r\n",
            .bigNumber("-3492890328409238509324850943850943825024385")),
        Sample("=7\r\ntxt:abc\r\n", .verbatimString(format: "txt", ByteBuffer(string: "abc"))),
        Sample("!9\r\nOOM a\r\nbc\r\n", .error(RedisServerError("OOM a\r\nbc"))),
        Sample("%2\r\n+a\r\n:1\r\n+b\r\n_\r\n", .map([.simpleString("a"), .integer(1), .simpleString("b"), .null])),
        Sample("~2\r\n:1\r\n:2\r\n", .set([.integer(1), .integer(2)])),
        Sample(">2\r\n+message\r\n:1\r\n", .push([.simpleString("message"), .integer(1)])),
        Sample("|1\r\n+ttl\r\n:3\r\n*2\r\n:1\r\n|1\r\n+a\r\n*1\r\n:5\r\n:2\r\n", .array([.integer(1), .integer(2)])),
        Sample("|0\r\n:7\r\n", .integer(7)),
    ]

    private static func bulk(_ text: String) -> RESPValue { .bulkString(ByteBuffer(string: text)) }

    /// All replies in the bytes, which come in pieces of these sizes, the last one again and again.
    private static func read(
        _ bytes: String, pieces: [Int], limits: RESPParser.Limits = .init()
    ) throws -> (replies: [RESPValue], isInReply: Bool) {
        var parser = RESPParser(limits: limits)
        var buffer = ByteBuffer()
        var rest = ByteBuffer(string: bytes)
        var replies: [RESPValue] = []
        var number = 0
        while let piece = rest.readSlice(
            length: min(max(1, pieces[min(number, pieces.count - 1)]), rest.readableBytes)),
            piece.readableBytes > 0
        {
            number += 1
            buffer.writeImmutableBuffer(piece)
            while let reply = try parser.next(in: &buffer) { replies.append(reply) }
        }
        return (replies, parser.isInReply || buffer.readableBytes > 0)
    }

    @Test(arguments: samples)
    func `a reply means the same in one piece, in two at every place, and byte by byte`(sample: Sample) throws {
        for first in 1...sample.bytes.utf8.count {
            let result = try Self.read(sample.bytes, pieces: [first, .max])
            #expect(result.replies == [sample.value] && !result.isInReply)
        }
        #expect(try Self.read(sample.bytes, pieces: [1]).replies == [sample.value])
    }

    @Test func `many replies come out in their order, however they are cut`() throws {
        var generator = TestSeed.generator()
        for _ in 0..<200 {
            let chosen = (0..<20).map { _ in Self.samples.randomElement(using: &generator) ?? Self.samples[0] }
            let pieces = (0..<500).map { _ in Int.random(in: 1...40, using: &generator) }
            let result = try Self.read(chosen.map(\.bytes).joined(), pieces: pieces)
            #expect(result.replies == chosen.map(\.value))
        }
    }

    @Test(arguments: samples)
    func `a reply that is cut off is none`(sample: Sample) throws {
        for length in 1..<sample.bytes.utf8.count {
            let result = try Self.read(
                String(decoding: sample.bytes.utf8.prefix(length), as: UTF8.self), pieces: [.max])
            #expect(result.replies.isEmpty && result.isInReply)
        }
    }

    @Test(arguments: [
        "x1\r\n", "\r\n", ":\r\n", ":1a\r\n", ":9223372036854775808\r\n", ":-9223372036854775809\r\n", ": 1\r\n",
        "$-2\r\n", "$3\r\nabcd\r\n", "$3\r\nabc\n\n", "$?\r\n", "*-2\r\n", "*1x\r\n", "%-1\r\n", "~-1\r\n", "_1\r\n",
        "#x\r\n",
        ",0x10\r\n", ",infinity\r\n", ",\r\n", "(1.5\r\n", "(\r\n", "=3\r\ntxt\r\n", "=5\r\ntxt-a\r\n", "!-1\r\n",
        "+a\rb\r\n",
        "*1\r\n>1\r\n:1\r\n",
    ])
    func `what is no RESP is refused`(bytes: String) {
        for pieces in [[Int.max], [1]] {
            #expect(throws: RESPViolation.self) { try Self.read(bytes, pieces: pieces) }
        }
    }

    @Test(arguments: [
        ("$11\r\n", true), ("$10\r\n", false), ("*5\r\n", true), ("%2\r\n", false), ("%3\r\n", true),
        ("*2\r\n*2\r\n*2\r\n", true), ("*1\r\n*1\r\n*1\r\n*1\r\n", true), ("*1\r\n*1\r\n*1\r\n", false),
        ("*1\r\n*1\r\n*1\r\n*0\r\n", true), ("+abcdefghijklmnopqrst", true), ("+abcdefghijklmnopqrst\r\n", true),
        ("+abcdefghijklmno", false), ("*9223372036854775807\r\n", true), ("%4611686018427387904\r\n", true),
    ])
    func `a reply is refused as soon as it says that it is too large`(bytes: String, isRefused: Bool) {
        var limits = RESPParser.Limits()
        (limits.bulkBytes, limits.elements, limits.depth, limits.lineBytes) = (10, 4, 3, 16)
        for pieces in [[Int.max], [1]] {
            let result = Result { try Self.read(bytes, pieces: pieces, limits: limits) }
            #expect((try? result.get()) == nil ? isRefused : !isRefused)
        }
    }

    @Test func `whatever comes, it is replies or a violation, and no memory is spent on promises`() async {
        var generator = TestSeed.generator()
        let alphabet = Array("+-:$*_#,(=!%~>|0123456789\r\nabtfinOK.e".utf8)
        for _ in 0..<20_000 {
            var bytes = Array((Self.samples.randomElement(using: &generator) ?? Self.samples[0]).bytes.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                let byte = alphabet.randomElement(using: &generator) ?? 0
                if Bool.random(using: &generator) { bytes[place] = byte } else { bytes.insert(byte, at: place) }
            }
            var whole = RESPParser()
            var piecewise = RESPParser()
            let first = Self.outcome(of: bytes, &whole, pieces: bytes.count)
            let second = Self.outcome(of: bytes, &piecewise, pieces: 1)
            #expect(first.replies == second.replies && first.isViolated == second.isViolated)
            // The other tests have leases and deadlines.
            await Task.yield()
        }
    }

    private static func outcome(
        of bytes: [UInt8], _ parser: inout RESPParser, pieces size: Int
    ) -> (replies: [RESPValue], isViolated: Bool) {
        var replies: [RESPValue] = []
        var buffer = ByteBuffer()
        do {
            for start in stride(from: 0, to: bytes.count, by: size) {
                buffer.writeBytes(bytes[start..<min(start + size, bytes.count)])
                while let reply = try parser.next(in: &buffer) { replies.append(reply) }
            }
        } catch {
            return (replies, true)
        }
        return (replies, false)
    }

    @Test func `a string of a million bytes in small pieces is read once`() throws {
        let text = String(repeating: "x", count: 1_000_000)
        let result = try Self.read("$1000000\r\n\(text)\r\n", pieces: [1_000])
        #expect(result.replies == [Self.bulk(text)])
    }
}
