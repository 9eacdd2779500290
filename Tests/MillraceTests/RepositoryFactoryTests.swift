import Foundation
import Millrace
import Testing

@Suite("The factory", .timeLimit(.minutes(5)))
struct RepositoryFactoryTests {
    @Test("makes four repositories of one store")
    func oneStore() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-factory-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let location = StoreLocation.file(folder.appendingPathComponent("m.db").path)
        let factory = try await RepositoryFactory(store: location)
        let id = try await factory.jobQueueRepository().enqueue(JobRequest(JobType("work")))
        #expect(try await factory.jobQueueRepository().findPendingJobs(queueName: .default).map(\.id) == [id])
        _ = try await factory.jobQueueRepository().enqueue(Array(repeating: JobRequest(JobType("work")), count: 20))
        #expect(try await factory.jobQueueRepository().findPendingJobs(queueName: .default).count == 10)
        #expect(try await factory.processingRepository().activeProcessings().isEmpty)
        #expect(try await factory.transcriptRepository().list(after: nil, limit: 1).isEmpty)

        let key = try CacheKey("k")
        let value = CacheValue(bytes: Data("v".utf8))
        try await factory.cacheRepository().put(key, value, ttl: TTL(.seconds(60)))
        // All caches of a factory share memory, which is asked as soon as it is sure to be in step with the store.
        while try await factory.cacheRepository().get(key)?.tier != .l1 { try Task.checkCancellation() }
        #expect(try await RepositoryFactory(store: location).cacheRepository().get(key)?.tier == .l3)
    }

    @Test("makes a repository of metrics that keeps them in the store")
    func metrics() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-factory-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let location = StoreLocation.file(folder.appendingPathComponent("m.db").path)
        let name = try MetricName("things_total")
        let sample = MetricSample(MetricSeries(name), 3, at: SystemWallClock().now() - .milliseconds(5))
        try await RepositoryFactory(store: location).metricsRepository().write([sample])
        let other = try await RepositoryFactory(store: location).metricsRepository()
        #expect(try await other.queryLatest(name, tags: .none) == 3)
        // Only who measures takes a place among those who do.
        #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("m.db-metrics").path))
    }
}
