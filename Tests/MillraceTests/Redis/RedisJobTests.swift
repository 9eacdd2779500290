import MillraceRedis
import TestServers
import Testing

@testable import Millrace

/// What a Redis server beside a store does for its jobs.
@Suite("Jobs of machines that share a Redis server", .timeLimit(.minutes(5)))
struct RedisJobTests {
    private struct Doubling: JobHandler {
        let jobType = JobType(known: "double")
        func run(_ number: Int, in context: JobContext) async throws -> Int { number * 2 }
    }

    @Test func `are run by any of them, and who waits on another is told`() async throws {
        try await RedisFleet.with(try await RedisServer.shared) { (fleet) async throws in
            try await fleet.withMachines(2) { (machines) async throws in
                let (jobs, other) = (machines[0].jobQueueRepository(), machines[1].jobQueueRepository())
                // A file says neither by itself.
                #expect(jobs.announcements != nil && jobs.ends != nil)
                let stop = StopSignal()
                let millrace = try await Millrace(
                    store: fleet.location, redis: try RedisConfiguration(fleet.url, environment: [:]))
                let results = try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await millrace.worker(handlers: [Doubling()], stop: stop).run() }
                    var results: [Int?] = []
                    for number in 1...20 {
                        let id = try await jobs.enqueue(Doubling().request(number))
                        results.append(try await other.waitForResult(of: id, within: .seconds(240))?.decode(Int.self))
                    }
                    stop.raise()
                    try await group.waitForAll()
                    return results
                }
                #expect(results == (1...20).map { $0 * 2 })
                await millrace.close()
            }
        }
    }

    @Test func `need none: without it a file says nothing of them, as before`() async throws {
        try await RedisFleet.with(try await RedisServer.shared) { (fleet) async throws in
            let factory = try await RepositoryFactory(store: fleet.location)
            #expect(factory.jobQueueRepository().announcements == nil && factory.jobQueueRepository().ends == nil)
            await factory.close()
        }
    }
}
