import InMemoryTracing
import Logging
import MillraceCore
import MillraceTesting
import Synchronization
import Testing
import Tracing

@testable import MillraceWorkers

@Suite(.timeLimit(.minutes(5))) struct JobTraceTests {
    private struct Secretive: Error, CustomStringConvertible {
        let description = "hidden words"
    }

    private let place = Workplace()
    private let tracer = InMemoryTracer()
    private var jobs: TracedJobQueueRepository { TracedJobQueueRepository(place.jobs) }

    @Test(arguments: JobQueueContract.rules)
    func `a traced repository is the one below it`(rule: ContractRule<StoreFixture>) async throws {
        var fixture = StoreFixture.inMemory()
        fixture.jobs = TracedJobQueueRepository(fixture.jobs)
        try await rule.check(fixture)
    }

    @Test func `the upkeep of a queue is passed on, and a worker calls for it`() async throws {
        await jobs.upkeep()
        #expect(place.log.count { $0 == .upkeep } == 1)
        try await place.run {
            try await eventually { place.log.count { $0 == .upkeep } > 1 }
        }
    }

    @Test func `a job goes on with the trace of those who enqueued it, and so does what it enqueues`() async throws {
        let other = TaskHandler("other") { _, _ in NoResult() }
        let handler = TaskHandler { [jobs] _, _ in
            try await jobs.enqueue(JobRequest(other.jobType, payload: JSONText(stored: #"{"number":0}"#)))
            return NoResult()
        }
        try await withTracer(tracer) {
            try await withSpan("request") { _ in
                _ = try await jobs.enqueue(handler.request(TaskHandler.Payload(number: 0)))
            }
            try await withSpan("the program") { _ in
                try await place.run(handler, other) {
                    try await eventually { try await place.stats()[.completed] == 2 }
                }
            }
        }
        let request = try #require(tracer.spans("request").first)
        let enqueued = tracer.spans("enqueue")
        try #require(enqueued.count == 2)
        #expect(enqueued[0].spanContext.parentSpanID == request.spanID)
        #expect(enqueued[0].kind == .producer)
        let run = try #require(tracer.spans("run task").first)
        #expect(run.kind == .consumer)
        let second = try #require(tracer.spans("run other").first)
        #expect([enqueued[0], run, enqueued[1], second].allSatisfy { $0.traceID == request.traceID })
        #expect(enqueued[1].spanContext.parentSpanID == run.spanID)
        let job = try #require(try await place.jobs.jobs(of: .default, before: nil, limit: 10).last)
        #expect(run["millrace.job.id"] == .string("\(job.id)"))
        #expect(run["millrace.job.type"] == "task" && run["millrace.queue"] == "default")
        #expect(enqueued[0]["millrace.job.id"] == .string("\(job.id)") && enqueued[0]["millrace.jobs"] == 1)
    }

    @Test func `a claim and a settlement are in no trace, and linked to all that they hold`() async throws {
        let handler = TaskHandler { _, _ in NoResult() }
        try await withTracer(tracer) {
            for number in 0..<3 { _ = try await jobs.enqueue(handler.request(TaskHandler.Payload(number: number))) }
            try await withSpan("the program") { _ in
                try await place.run(handler) { try await eventually { try await place.stats()[.completed] == 3 } }
            }
        }
        let claims = tracer.spans("claim jobs")
        let settlements = tracer.spans("settle jobs")
        #expect((claims + settlements).allSatisfy { $0.spanContext.parentSpanID == nil })
        #expect(claims.map { $0["millrace.count"] } == [3], "claims that found nothing leave no span")
        #expect(Set(claims.flatMap(\.linkedSpanIDs)) == Set(tracer.spans("enqueue").map(\.spanID)))
        #expect(Set(settlements.flatMap(\.linkedSpanIDs)) == Set(tracer.spans("run task").map(\.spanID)))
        #expect(settlements.allSatisfy { $0["millrace.lost"] == 0 })
    }

    @Test func `errors are on the spans by their kind, without what they say`() async throws {
        let handler = TaskHandler { _, _ -> NoResult in throw Secretive() }
        place.log.before { [log = place.log] call throws(StoreError) in
            if call.isClaim, log.count(where: \.isClaim) == 1 { throw StoreError(.busy, "hidden words") }
            if call.isSettle, log.count(where: \.isSettle) == 1 { throw StoreError(.full, "hidden words") }
        }
        try await withTracer(tracer) {
            let id = try await handler.enqueue(at: place, maxRetries: 0)[0]
            try await place.run(handler) {
                try await place.clock.advance(whenSleeping: 1) { try await place.status(id) == .failed }
            }
        }
        let run = try #require(tracer.spans("run task").first)
        #expect(run.status?.code == .error)
        #expect(run.errors.map { "\($0.error)" } == ["Secretive"])
        #expect(tracer.spans("claim jobs").first?.errors.map { "\($0.error)" } == ["StoreError: busy"])
        #expect(tracer.spans("settle jobs").first?.errors.map { "\($0.error)" } == ["StoreError: full"])
        #expect(!tracer.finishedSpans.contains { $0.content.contains("hidden") })
    }

    @Test func `an enqueueing that fails is an error on its span`() async throws {
        await withTracer(tracer) {
            let long = JobRequest(JobType(known: "task"), uniqueKey: String(repeating: "k", count: 501))
            await #expect(throws: StoreError.self) { try await jobs.enqueue(long) }
        }
        #expect(tracer.spans("enqueue").first?.errors.map { "\($0.error)" } == ["StoreError: invalid"])
    }

    @Test func `a request that names its trace keeps it, and one of a transaction can be given the task's`()
        async throws
    {
        let named = ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]
        let type = JobType(known: "task")
        try await withTracer(tracer) {
            try await withSpan("request") { span in
                let id = try await jobs.enqueue(JobRequest(type, traceContext: named))
                #expect(try await place.jobs.job(id)?.traceContext == named)
                let request = JobRequest(type).inCurrentTrace()
                #expect(request.traceContext?[InMemoryTracer.spanIDKey] == span.context.inMemorySpanContext?.spanID)
                #expect(JobRequest(type, traceContext: named).inCurrentTrace().traceContext == named)
            }
        }
    }

    @Test func `without a tracer nothing is made for one`() async throws {
        try await ServiceContext.withValue(.topLevel) {
            let id = try await jobs.enqueue(JobRequest(JobType(known: "task")).inCurrentTrace())
            #expect(try await place.jobs.job(id)?.traceContext == nil)
        }
        BatchSpan("settle jobs", by: WorkerID.make(at: place.clock.timeOfDay)).end(count: 1) {
            Issue.record("the links were asked for")
            return []
        }
        let traced = Traced(1, from: ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"])
        #expect(traced.span == nil)
    }

    @Test func `what a handler logs has the identity of its trace`() async throws {
        let trace = ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]
        let seen = Mutex<[Logger.MetadataValue?]>([])
        let handler = LoggerSpy { logger in
            let value = logger[metadataKey: "trace-id"]
            seen.withLock { $0.append(value) }
        }
        for context in [trace, nil, ["traceparent": "rubbish"]] {
            let id = try await place.jobs.enqueue(JobRequest(handler.jobType, traceContext: context))
            let stop = StopSignal()
            // A handler that keeps metadata, unlike that of the other tests.
            let logger = Logger(label: "worker", factory: { StreamLogHandler.standardError(label: $0) })
            try await place.run([place.worker(handlers: [handler], stop: stop, logger: logger)], stop: stop) {
                try await eventually { try await place.status(id) == .completed }
            }
        }
        #expect(seen.withLock { $0 } == ["0af7651916cd43dd8448eb211c80319c", nil, nil])
    }
}

/// Looks at the logger that a handler is given.
private struct LoggerSpy: JobHandler {
    struct Nothing: Codable, Sendable {}

    let jobType = JobType(known: "spy")
    let look: @Sendable (Logger) -> Void

    init(_ look: @escaping @Sendable (Logger) -> Void) {
        self.look = look
    }

    func run(_ payload: Nothing, in context: JobContext) async throws -> NoResult {
        look(context.logger)
        return NoResult()
    }
}
