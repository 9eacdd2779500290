import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

/// Times that workers tell by clocks which differ from the server's.
@Suite("A worker whose clock is wrong", .timeLimit(.minutes(5)))
struct WorkerClockTests {
    private let work = JobRequest(JobType(known: "work"))

    @Test("has its jobs run again after as long as it says", arguments: [-600, 0, 600])
    func retry(ahead: Int) async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let store = try await temporary.storeByServerClock()
            let jobs = PostgresJobQueueRepository(store)
            let worker = WorkerID.make(at: SystemWallClock().now())
            try await jobs.register(worker, process: nil, leasedFor: .seconds(60))
            _ = try await jobs.enqueue([work, work, work])
            let held = try await jobs.claim(upTo: 3, from: JobScope(types: [work.type]), by: worker)
            let clock = ManualClock(startingAt: SystemWallClock().now() + .seconds(ahead))
            let settle = JobSettle(schema: store.schema, hostClock: clock)
            let now = clock.timeOfDay
            let settlements = [
                JobSettlement(held[0], .retry(at: now + .seconds(40), error: "flaky")),
                JobSettlement(held[1], .retry(at: now, error: "flaky")),
                JobSettlement(held[2], .snoozed(until: Timestamp(microseconds: .max), reason: "for ever")),
            ]
            let outcome = try await store.pool.withConnection { connection in
                try await settle.settle(settlements, at: nil, in: connection)
            }
            #expect(outcome.lost.isEmpty)
            let later = try #require(try await jobs.job(held[0].id))
            let delay = try #require(later.scheduledAt) - later.updatedAt
            #expect(delay >= .seconds(40) && delay < .seconds(100))
            #expect(try await jobs.job(held[1].id)?.status == .queued)
            #expect(try await jobs.job(held[2].id)?.scheduledAt == Timestamp(microseconds: .max))
            await store.close()
        }
    }
}
