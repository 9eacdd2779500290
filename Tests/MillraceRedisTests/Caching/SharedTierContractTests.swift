import MillraceCaching
import MillraceTesting
import TestServers
import Testing

import struct Foundation.UUID

@testable import MillraceRedis

@Suite(.timeLimit(.minutes(5))) struct SharedTierContractTests {
    @Test(arguments: SharedTierContract.rules, RedisServer.Program.allCases)
    func `Redis and Valkey keep the contract of a shared tier`(
        rule: ContractRule<SharedTierFixture>, program: RedisServer.Program
    ) async throws {
        let client = try await RedisServer.shared(program).client()
        defer { client.close() }
        let ids = (0..<2).map { _ in UUID().uuidString.lowercased().filter { $0 != "-" } }
        try await rule.check(
            SharedTierFixture(
                tier: RedisCacheTier(client, storeID: ids[0]), other: RedisCacheTier(client, storeID: ids[1])))
    }
}
