import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePostgres

/// Settlements whose connection breaks.
@Suite("A settlement whose connection breaks", .timeLimit(.minutes(5)))
struct LostConnectionTests {
    private let type = JobType(known: "work")

    /// A repository behind a proxy, beside the one that the test looks with.
    private func withProxy(
        _ body: (CutProxy, PostgresJobQueueRepository, PostgresJobQueueRepository, TemporaryPostgres) async throws ->
            Void
    ) async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let proxy = try await CutProxy.start(to: temporary.schema.server.port)
            // Without a ping and a second connection: on a slow machine one of them would be cut, and not the settlement.
            let pool = try PostgresPool.Options(size: 1, maxOverflow: 0, timeout: .seconds(60), prePing: false)
            let store = try await PostgresStore(
                PostgresConfiguration(temporary.schema.url(by: proxy)),
                options: .init(pool: pool, clock: temporary.clock))
            try await body(
                proxy, PostgresJobQueueRepository(store, options: .init(patience: .seconds(60))),
                PostgresJobQueueRepository(temporary.store), temporary)
            await store.close()
            try await proxy.close()
        }
    }

    private func held(_ count: Int, by jobs: PostgresJobQueueRepository, _ clock: ManualClock) async throws -> [Job] {
        _ = try await jobs.enqueue(Array(repeating: JobRequest(type), count: count))
        let worker = WorkerID.make(at: clock.timeOfDay)
        try await jobs.register(worker, process: nil, leasedFor: .seconds(60))
        return try await jobs.claim(upTo: count, from: JobScope(types: [type]), by: worker)
    }

    @Test func `is sent again with the same token, and counts as settled if it had got through`() async throws {
        try await withProxy { (proxy, cut, direct, temporary) async throws in
            let outcomes: [JobSettlement.Outcome] = [
                .completed(result: JSONText(stored: "1")), .failed(error: "broken"), .cancelled, .released,
                .retry(at: temporary.clock.timeOfDay + .seconds(9), error: "flaky"),
                .snoozed(until: temporary.clock.timeOfDay + .seconds(9), reason: "later"),
            ]
            let all = try await held(outcomes.count + 1, by: cut, temporary.clock)
            // So that the statement is prepared: the next that the server says is the answer to it.
            _ = try await cut.settle([JobSettlement(all[0], .completed(result: nil))])
            let held = Array(all.dropFirst())
            let settlements = zip(held, outcomes).map { JobSettlement($0, $1) }
            // The server gets the whole statement and commits it; of its answer nothing arrives.
            proxy.cut(after: 0, from: .server)
            #expect(try await cut.settle(settlements) == [])
            #expect(proxy.cutByBytes == 1)
            for (job, outcome) in zip(held, outcomes) {
                var expected = job
                expected.settle(outcome, at: temporary.clock.timeOfDay)
                #expect(try await direct.job(job.id) == expected)
            }
        }
    }

    @Test func `is settled when its statement never arrived`() async throws {
        try await withProxy { (proxy, cut, direct, temporary) async throws in
            let held = try await held(50, by: cut, temporary.clock)
            proxy.cut(after: 200, from: .client)
            let lost = try await cut.settle(held.map { JobSettlement($0, .completed(result: nil)) })
            #expect(lost == [])
            #expect(try await direct.jobStats(queueName: .default)[.completed] == 50)
        }
    }

    @Test func `is lost all the same when another has the lease by now`() async throws {
        try await withProxy { (proxy, cut, direct, temporary) async throws in
            let held = try await held(2, by: cut, temporary.clock)
            try await direct.updateJobStatus(held[0].id, to: .cancelled)
            proxy.cut(after: 200, from: .client)
            let lost = try await cut.settle(held.map { JobSettlement($0, .completed(result: nil)) })
            #expect(lost == [held[0].id])
            #expect(try await direct.job(held[0].id)?.status == .cancelled)
        }
    }

    @Test func `counts as settled too when its caller was told of the break, and comes again`() async throws {
        try await withProxy { (proxy, cut, direct, temporary) async throws in
            let held = try await held(3, by: cut, temporary.clock)
            let hasty = PostgresJobQueueRepository(cut.store, options: .init(patience: .zero))
            _ = try await hasty.settle([JobSettlement(held[0], .completed(result: nil))])
            try await direct.updateJobStatus(held[2].id, to: .cancelled)
            let settlements = held[1...].map { JobSettlement($0, .completed(result: nil)) }
            proxy.cut(after: 0, from: .server)
            let error = await #expect(throws: StoreError.self) { try await hasty.settle(settlements) }
            #expect(error?.code == .unavailable)
            #expect(try await hasty.settle(settlements) == [held[2].id])
            #expect(try await hasty.settle(settlements) == Set(held[1...].map(\.id)))
            #expect(try await direct.job(held[1].id)?.status == .completed)
        }
    }

    @Test func `waits for a server that cannot be reached, and no outcome of many tasks is lost`() async throws {
        try await withProxy { (proxy, cut, direct, temporary) async throws in
            let held = try await held(200, by: cut, temporary.clock)
            proxy.refuse()
            proxy.cut()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for job in held {
                    group.addTask {
                        let lost = try await cut.settle([JobSettlement(job, .completed(result: nil))])
                        #expect(lost == [])
                    }
                }
                group.addTask {
                    try await Task.sleep(for: .milliseconds(300))
                    proxy.pass()
                }
                try await group.waitForAll()
            }
            #expect(try await direct.jobStats(queueName: .default)[.completed] == 200)
        }
    }
}
