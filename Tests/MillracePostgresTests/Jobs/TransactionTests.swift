import Logging
import MillraceCaching
import MillraceCore
import MillraceTesting
import MillraceWorkers
import Testing

@testable import MillracePostgres

/// Jobs enqueued and settled in transactions of the caller's own.
@Suite("Transactions of the caller's own", .timeLimit(.minutes(5)))
struct TransactionTests {
    private struct ChangedMind: Error, Equatable {}

    private struct Lab: Sendable {
        let temporary: TemporaryPostgres
        let jobs: PostgresJobQueueRepository
        let work = JobRequest(JobType(known: "work"))

        var store: PostgresStore { temporary.store }
        var orderTable: String { "\(store.schema).own_orders" }

        func order(_ name: String, in connection: PostgresConnection) async throws {
            try await connection.execute("INSERT INTO \(orderTable) VALUES ($1::text)", [.text(name)])
        }

        func orders() async throws -> [String] {
            try await store.rows("SELECT name FROM \(orderTable) ORDER BY name") { try $0.value() }
        }

        func heldJob() async throws -> Job {
            try await jobs.enqueue(work)
            let worker = WorkerID.make(at: temporary.clock.timeOfDay)
            try await jobs.register(worker, process: nil, leasedFor: .seconds(10))
            return try #require(try await jobs.claim(upTo: 1, from: JobScope(types: [work.type]), by: worker).first)
        }
    }

    private func withLab(_ body: (Lab) async throws -> Void) async throws {
        for route in Route.allCases {
            try await TemporaryPostgres.with(route) { (temporary) async throws in
                try await temporary.psql("CREATE TABLE {schema}.own_orders (name text NOT NULL)")
                try await body(Lab(temporary: temporary, jobs: PostgresJobQueueRepository(temporary.store)))
            }
        }
    }

    @Test func `a job and the caller's own rows are there together`() async throws {
        try await withLab { (lab) async throws in
            let receipt = try await lab.store.transaction { connection in
                try await lab.order("bread", in: connection)
                return try await lab.jobs.enqueue([lab.work, lab.work], in: connection)
            }
            #expect(receipt.skipped.isEmpty)
            #expect(try await lab.orders() == ["bread"])
            for id in receipt.ids { #expect(try await lab.jobs.job(id)?.status == .queued) }
        }
    }

    @Test func `what undoes the transaction undoes its jobs, and is thrown`() async throws {
        try await withLab { (lab) async throws in
            await #expect(throws: ChangedMind()) {
                try await lab.store.transaction { connection in
                    try await lab.order("bread", in: connection)
                    _ = try await lab.jobs.enqueue([lab.work, lab.work], in: connection)
                    throw ChangedMind()
                }
            }
            #expect(try await lab.orders().isEmpty)
            #expect(try await lab.jobs.jobStats(queueName: .default).total == 0)
        }
    }

    @Test func `an error of the caller's own is not taken for trouble of the store`() async throws {
        try await withLab { (lab) async throws in
            await #expect(throws: CancellationError.self) {
                try await lab.store.transaction { _ in throw CancellationError() }
            }
            await #expect(throws: InvalidValue.self) {
                try await lab.store.transaction { _ in throw InvalidValue("order", "is empty") }
            }
            let error = await #expect(throws: StoreError.self) {
                try await lab.store.transaction { connection in
                    try await connection.execute("INSERT INTO \(lab.orderTable) VALUES (NULL)")
                }
            }
            #expect(error?.code == .conflict)
        }
    }

    @Test func `a request that makes no sense undoes the caller's rows with it`() async throws {
        try await withLab { (lab) async throws in
            let error = await #expect(throws: StoreError.self) {
                try await lab.store.transaction { connection in
                    try await lab.order("bread", in: connection)
                    _ = try await lab.jobs.enqueue(
                        [lab.work, JobRequest(lab.work.type, uniqueKey: "")], in: connection)
                }
            }
            #expect(error?.code == .invalid)
            #expect(try await lab.orders().isEmpty)
            #expect(try await lab.jobs.jobStats(queueName: .default).total == 0)
        }
    }

    @Test func `a request that is skipped is named within the transaction`() async throws {
        try await withLab { (lab) async throws in
            let keyed = JobRequest(lab.work.type, uniqueKey: "once")
            let first = try await lab.jobs.enqueue(keyed)
            let receipt = try await lab.store.transaction { connection in
                try await lab.jobs.enqueue([lab.work, keyed], in: connection)
            }
            #expect(receipt.skipped == [1] && receipt.ids[1] == first)
        }
    }

    @Test func `a settlement and the work it stands for are there together`() async throws {
        try await withLab { (lab) async throws in
            let job = try await lab.heldJob()
            let lost = try await lab.store.transaction { connection in
                try await lab.order("bread", in: connection)
                return try await lab.jobs.settle(
                    [JobSettlement(job, .completed(result: JSONText(stored: "1")))], in: connection)
            }
            #expect(lost.isEmpty)
            #expect(try await lab.orders() == ["bread"])
            #expect(try await lab.jobs.job(job.id)?.status == .completed)
        }
    }

    @Test func `what undoes the work undoes its settlement`() async throws {
        try await withLab { (lab) async throws in
            let job = try await lab.heldJob()
            await #expect(throws: ChangedMind()) {
                try await lab.store.transaction { connection in
                    _ = try await lab.jobs.settle([JobSettlement(job, .completed(result: nil))], in: connection)
                    try await lab.order("bread", in: connection)
                    throw ChangedMind()
                }
            }
            #expect(try await lab.orders().isEmpty)
            #expect(try await lab.jobs.job(job.id) == job)
        }
    }

    @Test func `who lost its lease is told so, and undoes its work`() async throws {
        try await withLab { (lab) async throws in
            let job = try await lab.heldJob()
            lab.temporary.clock.advance(by: .seconds(10))
            #expect(try await lab.jobs.rescue() == [job.id])
            let before = try await lab.jobs.job(job.id)
            await #expect(throws: ChangedMind()) {
                try await lab.store.transaction { connection in
                    try await lab.order("bread", in: connection)
                    let lost = try await lab.jobs.settle([JobSettlement(job, .completed(result: nil))], in: connection)
                    #expect(lost == [job.id])
                    throw ChangedMind()
                }
            }
            #expect(try await lab.orders().isEmpty)
            #expect(try await lab.jobs.job(job.id) == before)
        }
    }

    @Test func `one caller's trouble is not another's, though they commit together`() async throws {
        try await withLab { (lab) async throws in
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        do {
                            try await lab.store.transaction { connection in
                                try await lab.order("\(number)", in: connection)
                                _ = try await lab.jobs.enqueue([lab.work], in: connection)
                                if number % 3 == 0 { throw ChangedMind() }
                            }
                            return true
                        } catch {
                            return error is ChangedMind ? false : true
                        }
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(outcomes == 40)
            #expect(try await lab.orders().count == 40)
            #expect(try await lab.jobs.jobStats(queueName: .default)[.queued] == 40)
        }
    }

    @Test func `a handler that settles in its own transaction does its work once, even after a failure in the middle`()
        async throws
    {
        try await withLab { (lab) async throws in
            struct Baker: JobHandler {
                let jobType = JobType(known: "work")
                let lab: Lab

                func run(_ payload: [String: String], in context: JobContext) async throws -> SettledByHandler {
                    let job = context.job
                    try await lab.store.transaction { connection in
                        try await lab.order("\(job.id)", in: connection)
                        if job.retryCount == 0 { throw ChangedMind() }
                        let lost = try await lab.jobs.settle(
                            [JobSettlement(job, .completed(result: nil))], in: connection)
                        if !lost.isEmpty { throw ChangedMind() }
                    }
                    return SettledByHandler()
                }
            }
            let ids = try await lab.jobs.enqueue(Array(repeating: lab.work, count: 20)).ids
            let stop = StopSignal()
            let worker = WorkerService(
                WorkerService.Dependencies(
                    jobs: lab.jobs, processings: PostgresProcessingRepository(lab.store),
                    transcripts: PostgresTranscriptRepository(lab.store),
                    cache: TieredCache(store: PostgresCacheStore(lab.store), clock: lab.temporary.clock),
                    clock: lab.temporary.clock),
                configuration: WorkerConfiguration(pollInterval: .milliseconds(5), retryPolicy: .fixed(.zero)),
                handlers: [Baker(lab: lab)], stop: stop,
                logger: Logger(label: "worker", factory: { _ in SwiftLogNoOpLogHandler() }))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                for id in ids {
                    #expect(try await lab.jobs.waitForResult(of: id, within: .seconds(240)) == nil)
                }
                stop.raise()
                try await group.waitForAll()
            }
            #expect(try await lab.orders() == ids.map(\.description).sorted())
            for id in ids { #expect(try await lab.jobs.job(id)?.retryCount == 1) }
        }
    }
}
