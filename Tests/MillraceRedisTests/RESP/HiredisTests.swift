import CHiredis
import MillraceTesting
import NIOCore
import TestServers
import Testing

@testable import MillraceRedis

/// The parser beside that of hiredis, which knows RESP2.
@Suite(.timeLimit(.minutes(5))) struct HiredisTests {
    @Test(arguments: RedisServer.Program.allCases)
    func `a server's replies mean the same to hiredis`(program: RedisServer.Program) async throws {
        let connection = try await RawConnection(to: try await RedisServer.shared(program), version: 2)
        for command in RawConnection.commands(ownPrefix()) {
            let bytes = try await connection.replies(to: command)
            let ours = try ServerReplyTests.read(bytes, pieces: [bytes.count])
            let theirs = try Hiredis.read(bytes)
            #expect(ours == theirs, "\(command)")
        }
        try await connection.close()
    }

    @Test func `random replies mean the same to hiredis, however they are cut`() async throws {
        var generator = TestSeed.generator()
        for _ in 0..<5_000 {
            let values = (0..<Int.random(in: 1...8, using: &generator)).map { _ in
                Self.value(depth: 4, using: &generator)
            }
            let bytes = Array(values.joined().utf8)
            let cut = Int.random(in: 1...bytes.count, using: &generator)
            let ours = try ServerReplyTests.read(bytes, pieces: [cut, bytes.count - cut])
            let theirs = try Hiredis.read(bytes)
            #expect(ours == theirs && ours.count == values.count)
            // The other tests have leases and deadlines.
            await Task.yield()
        }
    }

    /// A reply of RESP2, as a server would send it.
    private static func value(depth: Int, using generator: inout some RandomNumberGenerator) -> String {
        switch Int.random(in: 0..<(depth == 0 ? 6 : 8), using: &generator) {
        case 0: return "+\(word(using: &generator))\r\n"
        case 1: return "-ERR \(word(using: &generator))\r\n"
        case 2: return ":\(Int64.random(in: .min ... .max, using: &generator))\r\n"
        case 3: return ":\(Int64.random(in: -9...9, using: &generator))\r\n"
        case 4: return "$-1\r\n"
        case 5:
            let text = word(using: &generator) + (Bool.random(using: &generator) ? "\r\n$1\r\n" : "")
            return "$\(text.utf8.count)\r\n\(text)\r\n"
        case 6: return "*-1\r\n"
        default:
            let count = Int.random(in: 0...4, using: &generator)
            return "*\(count)\r\n" + (0..<count).map { _ in value(depth: depth - 1, using: &generator) }.joined()
        }
    }

    private static func word(using generator: inout some RandomNumberGenerator) -> String {
        let count = Int.random(in: 0...20, using: &generator)
        return String((0..<count).map { _ in "abc 0+-:$*é".randomElement(using: &generator) ?? "a" })
    }
}

private enum Hiredis {
    /// Reads bytes to their end.
    static func read(_ bytes: [UInt8]) throws -> [RESPValue] {
        guard let reader = redisReaderCreate() else { throw RESPViolation("hiredis has no memory left") }
        defer { redisReaderFree(reader) }
        // More at once makes it slow.
        for start in stride(from: 0, to: bytes.count, by: 16_384) {
            let status = bytes[start..<min(start + 16_384, bytes.count)].withUnsafeBytes { piece in
                redisReaderFeed(reader, piece.baseAddress, piece.count)
            }
            guard status == REDIS_OK else { throw RESPViolation("hiredis takes no more") }
        }
        var values: [RESPValue] = []
        while true {
            var reply: UnsafeMutableRawPointer?
            guard redisReaderGetReply(reader, &reply) == REDIS_OK else {
                throw RESPViolation("hiredis refuses what it reads")
            }
            guard let reply else { return values }
            values.append(value(reply.assumingMemoryBound(to: redisReply.self)))
            freeReplyObject(reply)
        }
    }

    private static func value(_ reply: UnsafePointer<redisReply>) -> RESPValue {
        let text = UnsafeRawBufferPointer(start: reply.pointee.str, count: Int(reply.pointee.len))
        switch reply.pointee.type {
        case REDIS_REPLY_STATUS: return .simpleString(String(decoding: text, as: UTF8.self))
        case REDIS_REPLY_ERROR: return .error(RedisServerError(String(decoding: text, as: UTF8.self)))
        case REDIS_REPLY_INTEGER: return .integer(reply.pointee.integer)
        case REDIS_REPLY_STRING: return .bulkString(ByteBuffer(bytes: text))
        case REDIS_REPLY_ARRAY:
            return .array(
                (0..<Int(reply.pointee.elements)).compactMap { index in
                    reply.pointee.element[index].map { value($0) }
                })
        default: return .null
        }
    }
}
