import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

/// What one process does for all.
@Suite("Upkeep", .timeLimit(.minutes(5)))
struct UpkeepTests {
    private let work = JobRequest(JobType(known: "work"))

    @Test func `does not keep a claim waiting`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let jobs = PostgresJobQueueRepository(temporary.store)
            let worker = WorkerID.make(at: temporary.clock.timeOfDay)
            try await jobs.register(worker, process: nil, leasedFor: .seconds(60))
            _ = try await jobs.claim(upTo: 1, from: JobScope(types: [work.type]), by: worker)
            let id = try await jobs.enqueue(work)
            try await temporary.store.transaction { connection in
                _ = try await connection.query("SELECT 1 FROM \(temporary.store.schema).leaders FOR UPDATE")
                temporary.clock.advance(by: .seconds(4))
                let claimed = try await jobs.claim(upTo: 1, from: JobScope(types: [work.type]), by: worker)
                #expect(claimed.map(\.id) == [id])
            }
        }
    }

    @Test func `is done in two seconds once where it is called, and else by claims`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let jobs = PostgresJobQueueRepository(temporary.store)
            let worker = WorkerID.make(at: temporary.clock.timeOfDay)
            try await jobs.register(worker, process: nil, leasedFor: .seconds(60))
            func runs() -> Int { temporary.statements.all.count { $0.contains("leaders AS leader") } }
            func claim() async throws {
                _ = try await jobs.claim(upTo: 1, from: JobScope(types: [work.type]), by: worker)
            }
            try await claim()
            await jobs.upkeep()
            #expect(runs() == 1)
            for count in 2...5 {
                temporary.clock.advance(by: .seconds(2))
                await jobs.upkeep()
                await jobs.upkeep()
                #expect(runs() == count)
                temporary.clock.advance(by: .seconds(1))
                try await claim()
                await jobs.upkeep()
                #expect(runs() == count)
            }
            temporary.clock.advance(by: .seconds(4))
            try await claim()
            try await claim()
            #expect(runs() == 6)
        }
    }
}
