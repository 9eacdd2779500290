import Foundation
import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillraceRedis

/// How well a server knows a store when a rule begins to look at it.
struct Hinting: Sendable, CustomStringConvertible {
    enum Extent: String, CaseIterable {
        /// Not at all, as after FLUSHALL.
        case none = "no hints"
        /// There is a hint of every job that is enqueued from the beginning, and the queue is asked only where these do
        /// not suffice.
        case all = "hints of all"
    }

    let program: RedisServer.Program
    let extent: Extent

    static let all = RedisServer.Program.allCases.flatMap { program in
        Extent.allCases.map { Hinting(program: program, extent: $0) }
    }

    var description: String { "\(program.rawValue), \(extent.rawValue)" }
}

/// The contract suite of jobs, in memory with hints in Redis or Valkey.
@Suite("Jobs in memory with hints keep the contract of", .timeLimit(.minutes(5)))
struct ReadyQueueContractTests {
    @Test("jobs", arguments: JobQueueContract.rules, Hinting.all)
    func jobs(rule: ContractRule<StoreFixture>, hinting: Hinting) async throws {
        let client = try await RedisServer.shared(hinting.program).client()
        defer { client.close() }
        var fixture = StoreFixture.inMemory()
        let queue = try await hinting.queue(over: fixture.jobs, client)
        defer { queue.close() }
        fixture.jobs = queue
        try await rule.check(fixture)
    }
}

extension Hinting {
    func queue(over base: any JobQueueRepository, _ client: RedisClient) async throws -> RedisReadyQueue {
        let storeID = UUID().uuidString
        guard extent == .all else { return RedisReadyQueue(base, storeID: storeID, client: client, .unhurried) }
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
