import Foundation
import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillraceRedis

/// How well Redis knows a store when a rule begins to look at it.
enum Hinting: String, CaseIterable, Sendable, CustomStringConvertible {
    /// Not at all, as after FLUSHALL.
    case none = "no hints"
    /// There is a hint of every job that is enqueued from the beginning, and the queue is asked only where these do not suffice.
    case all = "hints of all"

    var description: String { rawValue }
}

/// The contract suite of jobs, in memory with hints in Redis.
@Suite("Jobs in memory with hints in Redis keep the contract of", .timeLimit(.minutes(5)))
struct ReadyQueueContractTests {
    @Test("jobs", arguments: JobQueueContract.rules, Hinting.allCases)
    func jobs(rule: ContractRule<StoreFixture>, hinting: Hinting) async throws {
        let client = try await RedisServer.shared.client()
        defer { client.close() }
        var fixture = StoreFixture.inMemory()
        fixture.jobs = try await hinting.queue(over: fixture.jobs, client)
        try await rule.check(fixture)
    }
}

extension Hinting {
    func queue(over base: any JobQueueRepository, _ client: RedisClient) async throws -> RedisReadyQueue {
        let storeID = UUID().uuidString
        guard self == .all else { return RedisReadyQueue(base, storeID: storeID, client: client) }
        let queue = RedisReadyQueue(base, storeID: storeID, client: client, .patient)
        // What the rules work with.
        try await queue.openWindows(
            for: JobScope(
                queues: [.default, QueueName(stored: "mail"), QueueName(stored: "letters")],
                types: [JobType(stored: "work"), JobType(stored: "other work"), .merge, .transcribe],
                engines: [EngineIdentity(known: "ear"), EngineIdentity(known: "nose")]))
        return queue
    }
}
