import Foundation
import MillraceCore
import MillraceRedis
import MillraceSQLite
import MillraceTesting
import TestServers
import Testing

/// SQLite with hints in Redis keeps every contract of jobs.
@Suite("SQLite with hints in Redis", .timeLimit(.minutes(10)))
struct SQLiteReadyQueueTests {
    @Test("keeps the contract of jobs", arguments: JobQueueContract.rules)
    func jobs(rule: ContractRule<StoreFixture>) async throws {
        let client = try RedisClient(try RedisConfiguration(try await RedisServer.shared.url(), environment: [:]))
        defer { client.close() }
        let temporary = try TemporaryStore()
        let store = temporary.store
        try await rule.check(
            StoreFixture(
                jobs: RedisReadyQueue(
                    SQLiteJobQueueRepository(store), storeID: temporary.folder.lastPathComponent, client: client),
                processings: SQLiteProcessingRepository(store), transcripts: SQLiteTranscriptRepository(store),
                cache: SQLiteCacheStore(store), clock: temporary.clock))
        withExtendedLifetime(temporary) {}
    }
}
