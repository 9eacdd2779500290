import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

/// Jobs whose transaction took longer than that of jobs which were made after them.
@Suite("A job that is committed late", .timeLimit(.minutes(5)))
struct LateCommitTests {
    private let work = JobRequest(JobType(known: "work"))

    @Test("is found by the next claim, whether the last one got all it wanted or not", arguments: [10, 1])
    func found(limit: Int) async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            // Its clock stands still, as nobody knows how long a transaction takes here; the identities tell what came first.
            let store = temporary.store
            let jobs = PostgresJobQueueRepository(store)
            let worker = WorkerID.make(at: temporary.clock.timeOfDay)
            try await jobs.register(worker, process: nil, leasedFor: .seconds(60))
            let scope = JobScope(types: [work.type])
            for _ in 0..<20 {
                let late = try await store.transaction { connection in
                    let late = try await jobs.enqueue([work], in: connection).ids[0]
                    let other = try await jobs.enqueue(work)
                    #expect(try await jobs.claim(upTo: limit, from: scope, by: worker).map(\.id) == [other])
                    return late
                }
                #expect(try await jobs.claim(upTo: limit, from: scope, by: worker).map(\.id) == [late])
            }
        }
    }
}
