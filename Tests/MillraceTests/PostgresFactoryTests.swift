import Foundation
import MillracePostgres
import TestServers
import Testing

@testable import Millrace

@Suite("A factory over PostgreSQL", .timeLimit(.minutes(5)))
struct PostgresFactoryTests {
    @Test("works from a URL and from a ready pool alike, and closes what it has")
    func both() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let first = try await RepositoryFactory(store: StoreLocation(schema.url))
        let id = try await first.jobQueueRepository().enqueue(JobRequest(JobType(known: "work")))
        let pool = PostgresPool(try PostgresConfiguration(schema.url))
        let second = try await RepositoryFactory(pool: pool)
        #expect(try await second.jobQueueRepository().job(id)?.status == .queued)
        #expect(try await second.processingRepository().activeProcessings().isEmpty)
        #expect(try await second.transcriptRepository().list(after: nil, limit: 1).isEmpty)
        let key = try CacheKey("a:key")
        _ = try await first.cacheRepository().put(key, CacheValue(encoding: 7), ttl: .standard)
        #expect(try await second.cacheRepository().get(key)?.value.decode(Int.self) == 7)
        let sample = MetricSample(MetricSeries(MetricName(stored: "up")), 3, at: SystemWallClock().now())
        try await first.metricsRepository().write([sample])
        let range = try TimeRange(from: sample.time - .seconds(1), to: sample.time + .seconds(1), step: .seconds(1))
        #expect(try await second.metricsRepository().series(of: nil, range: range, tags: .none) == [sample.series])
        #expect(first.decodedFolder == second.decodedFolder && first.location == second.location)
        await second.close()
        #expect(pool.state.idle == 0 && pool.state.inUse == 0)
        await #expect(throws: StoreError.self) { try await second.jobQueueRepository().job(id) }
        #expect(try await first.jobQueueRepository().job(id) != nil)
        await first.close()
        try await schema.drop()
    }

    @Test("a library program runs on it as on a file")
    func program() async throws {
        struct Doubling: JobHandler {
            let jobType = JobType(known: "double")
            func run(_ number: Int, in context: JobContext) async throws -> Int { number * 2 }
        }
        let schema = try await PostgresServer.shared.freshSchema()
        let result = try await Millrace.with(store: StoreLocation(schema.url)) { millrace in
            let id = try await millrace.jobs.enqueue(Doubling().request(21))
            let stop = StopSignal()
            return try await withThrowingTaskGroup(of: Int?.self) { group in
                group.addTask {
                    try await millrace.worker(handlers: [Doubling()], stop: stop).run()
                    return nil
                }
                let result = try await millrace.jobs.waitForResult(of: id, within: .seconds(240))
                stop.raise()
                try await group.waitForAll()
                return try result?.decode(Int.self)
            }
        }
        #expect(result == 42)
        try await schema.drop()
    }
}
