import Foundation
import MillraceCore
import MillraceSQLite
import MillraceTesting
import TestServers
import Testing

@testable import MillraceRedis

/// SQLite with hints in Redis or Valkey keeps every contract of jobs.
@Suite("SQLite with hints in Redis", .timeLimit(.minutes(10)))
struct SQLiteReadyQueueTests {
    @Test("keeps the contract of jobs", arguments: JobQueueContract.rules, RedisServer.Program.allCases)
    func jobs(rule: ContractRule<StoreFixture>, program: RedisServer.Program) async throws {
        let server = try await RedisServer.shared(program)
        let client = try RedisClient(
            try RedisConfiguration(
                server.url(options: "?timeout=30s&connect_timeout=30s"), environment: [:]))
        defer { client.close() }
        let temporary = try TemporaryStore()
        let store = temporary.store
        // What is said of ends is lost while Redis does not answer in time, and a busy machine is no fault.
        var settings = HintSettings()
        settings.patience = .seconds(30)
        let queue = RedisReadyQueue(
            SQLiteJobQueueRepository(store), storeID: temporary.folder.lastPathComponent, client: client, settings)
        defer { queue.close() }
        try await rule.check(
            StoreFixture(
                jobs: queue, processings: SQLiteProcessingRepository(store),
                transcripts: SQLiteTranscriptRepository(store),
                cache: SQLiteCacheStore(store), clock: temporary.clock))
        withExtendedLifetime(temporary) {}
    }
}
