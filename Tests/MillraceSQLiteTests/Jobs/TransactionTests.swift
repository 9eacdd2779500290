import GRDB
import Logging
import MillraceCaching
import MillraceCore
import MillraceSQLite
import MillraceTesting
import MillraceWorkers
import Testing

/// Jobs enqueued and settled in transactions of the caller's own.
@Suite(.timeLimit(.minutes(5))) struct TransactionTests {
    private struct ChangedMind: Error, Equatable {}

    private let temporary: TemporaryStore
    private let jobs: SQLiteJobQueueRepository
    private let work = JobRequest(JobType(known: "work"))

    private var store: SQLiteStore { temporary.store }

    init() async throws {
        temporary = try TemporaryStore()
        jobs = SQLiteJobQueueRepository(temporary.store)
        try await temporary.store.transaction { db in
            try db.execute(sql: "CREATE TABLE own_orders (name TEXT NOT NULL)")
        }
    }

    private func order(_ name: String, in db: Database) throws {
        try db.execute(sql: "INSERT INTO own_orders VALUES (?)", arguments: [name])
    }

    private func orders() async throws -> [String] {
        try await store.transaction { db in try String.fetchAll(db, sql: "SELECT name FROM own_orders ORDER BY name") }
    }

    private func heldJob() async throws -> Job {
        try await jobs.enqueue(work)
        let worker = WorkerID.make(at: temporary.clock.timeOfDay)
        try await jobs.register(worker, process: nil, leasedFor: .seconds(10))
        return try #require(try await jobs.claim(upTo: 1, from: JobScope(types: [work.type]), by: worker).first)
    }

    @Test func `a job and the caller's own rows are there together`() async throws {
        let receipt = try await store.transaction { [jobs, work] db in
            try order("bread", in: db)
            return try jobs.enqueue([work, work], in: db)
        }
        #expect(receipt.skipped.isEmpty)
        #expect(try await orders() == ["bread"])
        for id in receipt.ids { #expect(try await jobs.job(id)?.status == .queued) }
    }

    @Test func `what undoes the transaction undoes its jobs, and is thrown`() async throws {
        await #expect(throws: ChangedMind()) {
            try await store.transaction { [jobs, work] db in
                try order("bread", in: db)
                _ = try jobs.enqueue([work, work], in: db)
                throw ChangedMind()
            }
        }
        #expect(try await orders().isEmpty)
        #expect(try await jobs.jobStats(queueName: .default).total == 0)
    }

    @Test func `an error of the caller's own is not taken for trouble of the store`() async throws {
        await #expect(throws: CancellationError.self) {
            try await store.transaction { _ in throw CancellationError() }
        }
        await #expect(throws: InvalidValue.self) {
            try await store.transaction { _ in throw InvalidValue("order", "is empty") }
        }
        let error = await #expect(throws: StoreError.self) {
            try await store.transaction { db in
                try db.execute(sql: "INSERT INTO own_orders VALUES (NULL)")
            }
        }
        #expect(error?.code == .conflict)
    }

    @Test func `a request that makes no sense undoes the caller's rows with it`() async throws {
        let error = await #expect(throws: StoreError.self) {
            try await store.transaction { [jobs, work] db in
                try order("bread", in: db)
                _ = try jobs.enqueue([work, JobRequest(work.type, uniqueKey: "")], in: db)
            }
        }
        #expect(error?.code == .invalid)
        #expect(try await orders().isEmpty)
        #expect(try await jobs.jobStats(queueName: .default).total == 0)
    }

    @Test func `a request that is skipped is named within the transaction`() async throws {
        let keyed = JobRequest(work.type, uniqueKey: "once")
        let first = try await jobs.enqueue(keyed)
        let receipt = try await store.transaction { [jobs, work] db in try jobs.enqueue([work, keyed], in: db) }
        #expect(receipt.skipped == [1] && receipt.ids[1] == first)
    }

    @Test func `a settlement and the work it stands for are there together`() async throws {
        let job = try await heldJob()
        let lost = try await store.transaction { [jobs] db in
            try order("bread", in: db)
            return try jobs.settle([JobSettlement(job, .completed(result: JSONText(stored: "1")))], in: db)
        }
        #expect(lost.isEmpty)
        #expect(try await orders() == ["bread"])
        #expect(try await jobs.job(job.id)?.status == .completed)
    }

    @Test func `what undoes the work undoes its settlement`() async throws {
        let job = try await heldJob()
        await #expect(throws: ChangedMind()) {
            try await store.transaction { [jobs] db in
                _ = try jobs.settle([JobSettlement(job, .completed(result: nil))], in: db)
                try order("bread", in: db)
                throw ChangedMind()
            }
        }
        #expect(try await orders().isEmpty)
        #expect(try await jobs.job(job.id) == job)
    }

    @Test func `who lost its lease is told so, and undoes its work`() async throws {
        let job = try await heldJob()
        temporary.clock.advance(by: .seconds(10))
        #expect(try await jobs.rescue() == [job.id])
        let before = try await jobs.job(job.id)
        await #expect(throws: ChangedMind()) {
            try await store.transaction { [jobs] db in
                try order("bread", in: db)
                let lost = try jobs.settle([JobSettlement(job, .completed(result: nil))], in: db)
                #expect(lost == [job.id])
                throw ChangedMind()
            }
        }
        #expect(try await orders().isEmpty)
        #expect(try await jobs.job(job.id) == before)
    }

    @Test func `one caller's trouble is not another's, though they commit together`() async throws {
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<60 {
                group.addTask { [jobs, work] in
                    do {
                        try await store.transaction { db in
                            try order("\(number)", in: db)
                            _ = try jobs.enqueue([work], in: db)
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
        #expect(try await orders().count == 40)
        #expect(try await jobs.jobStats(queueName: .default)[.queued] == 40)
    }

    @Test func `a handler that settles in its own transaction does its work once, even after a failure in the middle`()
        async throws
    {
        struct Baker: JobHandler {
            let jobType = JobType(known: "work")
            let jobs: SQLiteJobQueueRepository

            func run(_ payload: [String: String], in context: JobContext) async throws -> SettledByHandler {
                let job = context.job
                try await jobs.store.transaction { [jobs] db in
                    try db.execute(sql: "INSERT INTO own_orders VALUES (?)", arguments: ["\(job.id)"])
                    if job.retryCount == 0 { throw ChangedMind() }
                    let lost = try jobs.settle([JobSettlement(job, .completed(result: nil))], in: db)
                    if !lost.isEmpty { throw ChangedMind() }
                }
                return SettledByHandler()
            }
        }
        let ids = try await jobs.enqueue(Array(repeating: work, count: 20)).ids
        let stop = StopSignal()
        let worker = WorkerService(
            WorkerService.Dependencies(
                jobs: jobs, processings: SQLiteProcessingRepository(store),
                transcripts: SQLiteTranscriptRepository(store),
                cache: TieredCache(store: SQLiteCacheStore(store), clock: temporary.clock), clock: temporary.clock),
            configuration: WorkerConfiguration(pollInterval: .milliseconds(5), retryPolicy: .fixed(.zero)),
            handlers: [Baker(jobs: jobs)], stop: stop,
            logger: Logger(label: "worker", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            for id in ids {
                #expect(try await jobs.waitForResult(of: id, within: .seconds(240)) == nil)
            }
            stop.raise()
            try await group.waitForAll()
        }
        #expect(try await orders() == ids.map(\.description).sorted())
        for id in ids { #expect(try await jobs.job(id)?.retryCount == 1) }
    }
}
