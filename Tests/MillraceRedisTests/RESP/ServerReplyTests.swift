import MillraceTesting
import NIOCore
import TestServers
import Testing

@testable import MillraceRedis

/// What real servers send, cut into pieces.
@Suite(.timeLimit(.minutes(5))) struct ServerReplyTests {
    /// Replies up to so many bytes are cut at every byte; of longer ones so many bytes are tried.
    private static let everyByte = 4_000

    @Test(arguments: RedisServer.Program.allCases, [2, 3] as [Int64])
    func `every reply of a server means the same, wherever it is cut`(
        program: RedisServer.Program, version: Int64
    ) async throws {
        let connection = try await RawConnection(to: try await RedisServer.shared(program), version: version)
        var generator = TestSeed.generator()
        var types: Set<UInt8> = []
        for command in RawConnection.commands(ownPrefix()) {
            let bytes = try await connection.replies(to: command)
            types.formUnion(bytes.first.map { [$0] } ?? [])
            let whole = try Self.read(bytes, pieces: [bytes.count])
            #expect(!whole.isEmpty, "\(command)")
            let cuts =
                bytes.count <= Self.everyByte
                ? Array(1..<bytes.count) : (0..<50).map { _ in Int.random(in: 1..<bytes.count, using: &generator) }
            for cut in cuts {
                let pieces = try Self.read(bytes, pieces: [cut, bytes.count - cut])
                #expect(pieces == whole, "\(command), cut at \(cut)")
                // The other tests have leases and deadlines.
                await Task.yield()
            }
            let single = try Self.read(bytes, pieces: Array(repeating: 1, count: bytes.count))
            #expect(single == whole, "\(command), byte by byte")
        }
        #expect(types.isSuperset(of: version == 3 ? "+-:$*%~|,(=#_".utf8 : "+-:$*".utf8))
        try await connection.close()
    }

    /// Reads the bytes in pieces of these sizes; all of them must be used up.
    static func read(_ bytes: [UInt8], pieces: [Int]) throws -> [RESPValue] {
        var parser = RESPParser()
        var buffer = ByteBuffer()
        var replies: [RESPValue] = []
        var start = 0
        for piece in pieces {
            buffer.writeBytes(bytes[start..<start + piece])
            start += piece
            while let reply = try parser.next(in: &buffer) { replies.append(reply) }
        }
        guard buffer.readableBytes == 0, !parser.isInReply else { throw RESPViolation("a reply did not end") }
        return replies
    }
}
