import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

/// What is known here of the jobs that workers hold.
@Suite("The jobs that a worker holds", .timeLimit(.minutes(5)))
struct HeldJobTests {
    private let work = JobRequest(JobType(known: "work"))

    @Test func `are read as a whole after a claim that failed, and looked up again once it must have ended`()
        async throws
    {
        try await TemporaryPostgres.with { (temporary) async throws in
            let jobs = PostgresJobQueueRepository(temporary.store)
            let worker = WorkerID.make(at: temporary.clock.timeOfDay)
            try await jobs.register(worker, process: nil, leasedFor: .seconds(60))
            for _ in 0..<2 { try await jobs.enqueue(work) }
            let scope = JobScope(types: [work.type])
            _ = try await jobs.claim(upTo: 1, from: scope, by: worker)
            let cancelled = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await jobs.claim(upTo: 1, from: scope, by: worker)
            }
            await #expect(throws: StoreError.self) { _ = try await cancelled.value }
            // Its statement may get through all the same, as another's that has the same identity.
            let unknown = PostgresJobQueueRepository(temporary.store)
            _ = try await unknown.claim(upTo: 1, from: scope, by: worker)
            func wholeReads() -> Int { temporary.statements.all.count { $0 == jobs.statements.read.leases } }
            #expect(try await jobs.leases(of: worker).count == 2)
            #expect(wholeReads() == 1)
            temporary.clock.advance(by: .seconds(16))
            #expect(try await jobs.leases(of: worker).count == 2)
            #expect(wholeReads() == 2)
            #expect(try await jobs.leases(of: worker).count == 2)
            #expect(wholeReads() == 2)
        }
    }

    @Test func `are forgotten as they end, whoever of several holds them`() throws {
        let held = HeldJobs()
        let workers = (1...3).map { WorkerID.make(at: Timestamp(microseconds: $0)) }
        let jobs = (1...6).map {
            Job(work, id: .make(at: Timestamp(microseconds: $0)), at: Timestamp(microseconds: $0))
        }
        for (number, job) in jobs.enumerated() { held.add([job], of: workers[number % 3]) }
        held.remove(jobs[1...4].map { ($0.id, $0.leaseToken) })
        // Of a lease that has ended long ago.
        held.remove([(jobs[5].id, LeaseToken(7))])
        #expect(workers.map { held.jobs(of: $0)?.keys.map { $0 } } == [[jobs[0].id], [], [jobs[5].id]])
    }
}
