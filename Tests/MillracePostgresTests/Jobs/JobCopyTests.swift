import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

/// Many jobs at once, by the clock of the server.
@Suite("Many jobs at once", .timeLimit(.minutes(5)))
struct JobCopyTests {
    private let type = JobType(known: "work")

    private func requests(_ count: Int) -> [JobRequest] {
        (0..<count).map { number in
            JobRequest(
                type, payload: JSONText(stored: #"{"number":\#(number),"text":"ß\n"}"#),
                queueName: number % 3 == 0 ? QueueName(known: "mail") : .default,
                priority: JobPriority.allCases[number % 3], maxRetries: number % 5 == 0 ? nil : number % 5,
                transcriptID: number % 7 == 0 ? .make(at: Timestamp(microseconds: Int64(number))) : nil,
                engine: number % 11 == 0 ? EngineIdentity(known: "ear", model: "sharp") : nil,
                timeout: number % 13 == 0 ? .milliseconds(number + 1) : nil,
                traceContext: number % 17 == 0 ? ["traceparent": "00-\(number)"] : nil)
        }
    }

    @Test("are sent by COPY, and each is stored as it was requested", arguments: Route.allCases)
    func copied(route: Route) async throws {
        try await TemporaryPostgres.with(route) { (temporary) async throws in
            let store = try await temporary.storeByServerClock()
            let jobs = PostgresJobQueueRepository(store)
            let requests = requests(2_000)
            let receipt = try await jobs.enqueue(requests)
            #expect(receipt.skipped.isEmpty && Set(receipt.ids).count == 2_000)
            #expect(receipt.ids == receipt.ids.sorted())
            #expect(temporary.statements.all.count { $0.hasPrefix("COPY") } == 1)
            for number in stride(from: 0, to: 2_000, by: 91) {
                let job = try #require(try await jobs.job(receipt.ids[number]))
                #expect(job == Job(requests[number], id: job.id, at: job.createdAt))
            }
            let stats = try await jobs.jobStats()
            #expect(stats.values.map { $0[.queued] }.reduce(0, +) == 2_000)
            let worker = WorkerID.make(at: SystemWallClock().now())
            try await jobs.register(worker, process: nil, leasedFor: .seconds(60))
            let scope = JobScope(
                queues: [.default, QueueName(known: "mail")], types: [type],
                engines: [EngineIdentity(known: "ear", model: "sharp")])
            let claimed = try await jobs.claim(upTo: 5_000, from: scope, by: worker)
            #expect(Set(claimed.map(\.id)) == Set(receipt.ids))
            await store.close()
        }
    }

    @Test func `are all there or none`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let store = try await temporary.storeByServerClock()
            let jobs = PostgresJobQueueRepository(store)
            var requests = requests(1_000)
            requests[700].payload = JSONText(stored: #"{"text":"\u0000"}"#)
            let error = await #expect(throws: StoreError.self) { _ = try await jobs.enqueue(requests) }
            #expect(error?.code == .invalid)
            #expect(try await jobs.jobStats().isEmpty)
            await store.close()
        }
    }

    @Test func `with unique keys take one statement that says which were skipped`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let store = try await temporary.storeByServerClock()
            let jobs = PostgresJobQueueRepository(store)
            let open = try await jobs.enqueue((0..<500).map { JobRequest(type, uniqueKey: "key-\($0)") })
            let before = temporary.statements.rowStatementCount
            let receipt = try await jobs.enqueue((0..<2_000).map { JobRequest(type, uniqueKey: "key-\($0 % 1_000)") })
            // One that inserts, and one that looks up who has the keys.
            #expect(temporary.statements.rowStatementCount - before == 2)
            #expect(receipt.skipped == Array(0..<500) + Array(1_000..<2_000))
            #expect(Array(receipt.ids.prefix(500)) == open.ids)
            #expect(Array(receipt.ids[1_000...]) == Array(receipt.ids.prefix(1_000)))
            #expect(try await jobs.jobStats(queueName: .default).total == 1_000)
            await store.close()
        }
    }

    @Test func `that want each other's unique keys do not wait for each other for ever`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let jobs = PostgresJobQueueRepository(temporary.store)
            let keys = (0..<200).map { JobRequest(type, uniqueKey: "key-\($0)") }
            try await withThrowingTaskGroup(of: EnqueueReceipt.self) { group in
                for number in 0..<8 {
                    group.addTask { try await jobs.enqueue(number % 2 == 0 ? keys : keys.reversed()) }
                }
                var added = 0
                for try await receipt in group { added += 200 - receipt.skipped.count }
                #expect(added == 200)
            }
            #expect(try await jobs.jobStats(queueName: .default).total == 200)
        }
    }
}
