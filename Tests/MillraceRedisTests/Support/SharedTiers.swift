import MillraceCaching
import MillraceRedis
import TestServers

/// A shared tier on a server of its own, whose cursor is at 1.
func withSharedTier(
    _ program: RedisServer.Program,
    _ body: (RedisServer, RedisClient, RedisCacheTier, SharedCursor) async throws -> Void
) async throws {
    try await RedisServer.with(program) { server in
        let client = try server.client()
        defer { client.close() }
        let tier = RedisCacheTier(client, storeID: "own")
        let cursor = SharedCursor(epoch: .random(), version: 1)
        _ = try await tier.begin(cursor, insteadOf: nil)
        try await body(server, client, tier, cursor)
    }
}
