import Foundation
import MillraceCaching
import MillraceCore
import MillraceTesting
import NIOCore
import TestServers
import Testing

@testable import MillraceRedis

/// The cursor says of nothing that it was told that was not.
@Suite(.timeLimit(.minutes(5))) struct SharedTellingTests {
    private static let key = CacheKey(stored: "k")

    /// A tier whose slot of the key is something that no script can read.
    private static func withBrokenSlot(
        _ program: RedisServer.Program,
        _ body: (RedisServer, RedisClient, RedisCacheTier, SharedCursor) async throws -> Void
    ) async throws {
        try await withSharedTier(program) { server, client, tier, cursor in
            let slot = RedisArgument.text(tier.places.slot(key, cursor.epoch))
            _ = try await client.send(RedisCommand("HSET", slot, "a", "hash"))
            try await body(server, client, tier, cursor)
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `what the server refuses to be told ends the epoch`(program: RedisServer.Program) async throws {
        try await Self.withBrokenSlot(program) { _, _, tier, cursor in
            await #expect(throws: StoreError.self) {
                try await tier.tell([Self.key: 5], rules: [:], from: cursor, upTo: 6)
            }
            let journal = try await tier.journal()
            #expect(journal.cursor?.version == 6 && journal.cursor?.epoch != cursor.epoch)
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `a cursor stays where it is when nobody waits to hear whether all was told`(
        program: RedisServer.Program
    ) async throws {
        try await Self.withBrokenSlot(program) { server, client, tier, cursor in
            try server.freeze()
            let telling = Task { try await tier.tell([Self.key: 5], rules: [:], from: cursor, upTo: 6) }
            try await eventually { client.statistics.inFlight >= 2 }
            telling.cancel()
            await #expect(throws: StoreError.self) { try await telling.value }
            try server.thaw()
            #expect(try await tier.journal().cursor == cursor)
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `a cursor stays where it is when the server has lost what it was told`(
        program: RedisServer.Program
    ) async throws {
        try await withSharedTier(program) { _, client, tier, cursor in
            let names = [tier.places.journal, tier.places.proof(UUID())].map { RedisArgument.text($0) }
            let answer = try await client.run(
                JournalScripts.advance, keys: names,
                arguments: [.text("\(cursor)"), .text("\(SharedCursor(epoch: cursor.epoch, version: 6))")])
            #expect(answer == .integer(0))
            #expect(try await tier.journal().cursor == cursor)
            // Nothing is left of what was told for sure.
            #expect(try await tier.tell([Self.key: 5], rules: [:], from: cursor, upTo: 6))
            let left = try await client.send(RedisCommand("KEYS", "*")).elements
            #expect(left == [.bulkString(.init(string: tier.places.journal))])
        }
    }
}
