import MillraceCaching
import MillraceCore
import MillraceRedis
import MillraceTesting
import TestServers
import Testing

@testable import MillracePostgres

/// The contract of the cache, over PostgreSQL with Redis or Valkey between it and memory.
@Suite("With a shared tier PostgreSQL keeps the contract of", .timeLimit(.minutes(10)))
struct PostgresRedisContractTests {
    @Test("the cache", arguments: CacheContract.rules + CacheContract.statementRules, RedisServer.Program.allCases)
    func cache(rule: ContractRule<CacheFixture>, program: RedisServer.Program) async throws {
        try await TemporaryPostgres.with { temporary in
            let client = try RedisClient(
                try RedisConfiguration(
                    try await RedisServer.shared(program).url(options: "?timeout=30s&connect_timeout=30s"),
                    environment: [:]))
            defer { client.close() }
            let store = PostgresCacheStore(temporary.store)
            let tier = RedisCacheTier(client, storeID: try await temporary.store.identity())
            let cache = TieredCache(store: store, shared: tier, clock: temporary.clock)
            defer { cache.close() }
            try await rule.check(
                CacheFixture(
                    cache: cache, store: store, clock: temporary.clock,
                    statementCount: { temporary.statements.rowStatementCount }))
        }
    }
}
