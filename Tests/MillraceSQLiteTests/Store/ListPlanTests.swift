import GRDB
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Testing

/// What the commands list and count is looked up: no read of theirs passes over jobs or runs that are not wanted.
@Suite("Lists and counts")
struct ListPlanTests {
    private static let filters: [JobFilter] = [
        JobFilter(), JobFilter(queues: [.default]), JobFilter(types: [.merge]), JobFilter(statuses: [.failed]),
        JobFilter(queues: [.default], types: [.merge], statuses: [.failed, .cancelled]),
        JobFilter(awaiting: .make(at: Timestamp(microseconds: 1_000_000))),
    ]

    @Test("scan neither jobs nor processings, not even an index of them")
    func plans() async throws {
        let log = StatementLog()
        let temporary = try TemporaryStore(onStatement: log.add)
        let jobs = SQLiteJobQueueRepository(temporary.store)
        let processings = SQLiteProcessingRepository(temporary.store)
        _ = try await jobs.enqueue(JobRequest(JobType("work")))
        let before = Set(log.statements)
        for filter in Self.filters {
            for cursor in [nil, JobID.make(at: temporary.clock.now())] {
                _ = try await jobs.jobs(matching: filter, before: cursor, limit: 10)
            }
        }
        for statuses in [nil, [ProcessingStatus.failed, .partial]] {
            _ = try await processings.rows(matching: ProcessingFilter(statuses: statuses), before: nil, limit: 10)
        }
        _ = try await jobs.jobStats()
        _ = try await jobs.jobStats(queueName: .default)
        let statements = log.statements.filter { !before.contains($0) }
        #expect(statements.count >= 8)
        let queue = try DatabaseQueue(path: temporary.store.path)
        for statement in statements {
            for step in try await StatementLog.plan(for: statement, in: queue) where step.hasPrefix("SCAN") {
                let table = step.split(separator: " ").dropFirst().first ?? ""
                #expect(
                    !["processing_jobs", "job", "processing_tasks", "task"].contains(table), "\(step) in \(statement)")
            }
        }
        withExtendedLifetime(temporary) {}
    }

    @Test("tell the truth after random work, as a count of all rows would")
    func counters() async throws {
        let temporary = try TemporaryStore()
        let jobs = SQLiteJobQueueRepository(temporary.store)
        var random = SeededGenerator(seed: TestSeed.value)
        let queues = [QueueName.default, try QueueName("mail")]
        let types = [try JobType("work"), try JobType("other")]
        let worker = WorkerID.make(at: temporary.clock.now())
        try await jobs.register(worker, process: nil, leasedFor: .seconds(1_000_000))
        for round in 0..<60 {
            let requests = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                JobRequest(
                    types[Int.random(in: 0...1, using: &random)],
                    queueName: queues[Int.random(in: 0...1, using: &random)],
                    uniqueKey: Bool.random(using: &random) ? "key \(Int.random(in: 0...3, using: &random))" : nil)
            }
            _ = try await jobs.enqueue(requests)
            let held = try await jobs.claim(
                upTo: Int.random(in: 0...6, using: &random), from: JobScope(queues: queues, types: types), by: worker)
            let outcomes: [JobSettlement.Outcome] = [
                .completed(result: nil), .failed(error: "e"), .released, .cancelled,
                .snoozed(until: temporary.clock.now() + .seconds(2)),
            ]
            _ = try await jobs.settle(
                held.filter { _ in Int.random(in: 0...3, using: &random) > 0 }
                    .map { JobSettlement($0, outcomes[Int.random(in: 0..<outcomes.count, using: &random)]) })
            if let job = try await jobs.jobs(of: queues[0], before: nil, limit: 20).randomElement(using: &random) {
                try? await jobs.updateJobStatus(job.id, to: Bool.random(using: &random) ? .cancelled : .queued)
            }
            if round == 40 {
                let queue = JobQueue(id: .make(at: temporary.clock.now()), name: queues[1])
                try await jobs.save(queue)
                try? await jobs.delete(queue.id)
            }
            temporary.clock.advance(by: .seconds(1))
        }
        let (kept, counted) = try await temporary.store.transaction { db in
            let kept = "SELECT queue_name, status, job_type, jobs FROM job_counts WHERE jobs <> 0 ORDER BY 1, 2, 3"
            let counted = """
                SELECT queue_name, status, job_type, count(*) AS jobs FROM processing_jobs
                GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
                """
            return (
                try Row.fetchAll(db, sql: kept).map { "\($0)" }, try Row.fetchAll(db, sql: counted).map { "\($0)" }
            )
        }
        #expect(kept == counted, "seed \(TestSeed.value)")
        #expect(counted.count > 4)
        withExtendedLifetime(temporary) {}
    }
}
