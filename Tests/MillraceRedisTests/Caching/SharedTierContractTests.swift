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
                tier: RedisCacheTier(client, storeID: ids[0]), other: RedisCacheTier(client, storeID: ids[1])
            ) { number in
                let names = try await client.send(RedisCommand("KEYS", .text("{mr:\(ids[0])*"))).elements ?? []
                let sorted = names.compactMap(\.text).sorted(by: >)
                guard sorted.indices.contains(number) else { return false }
                return try await client.send(RedisCommand("DEL", .text(sorted[number]))) == .integer(1)
            })
    }
}
