import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

/// Jobs enqueued by any client of the database, with the SQL function.
@Suite("The SQL function enqueue", .timeLimit(.minutes(5)))
struct EnqueueFunctionTests {
    /// The job that the function has named.
    private func stored(_ text: String, in jobs: PostgresJobQueueRepository) async throws -> Job {
        let id = try #require(JobID(text))
        return try #require(try await jobs.job(id))
    }

    @Test func `a client that knows only SQL enqueues a job as it asks for it`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let jobs = PostgresJobQueueRepository(temporary.store)
            let transcript = TranscriptID.make(at: temporary.clock.timeOfDay)
            let text = try await temporary.psql(
                """
                SELECT {schema}.enqueue('letter', '{"to": "Ada"}', queue => 'mail', priority => 3, max_retries => 7,
                    unique_key => 'ada', transcript_id => '\(transcript)', engine => 'ear model=sharp',
                    timeout => '1.5 s', trace_context => '{"traceparent": "00-1"}')
                """)
            let job = try await stored(text, in: jobs)
            let request = JobRequest(
                JobType(known: "letter"), payload: JSONText(stored: #"{"to":"Ada"}"#),
                queueName: QueueName(known: "mail"), priority: .high, maxRetries: 7, uniqueKey: "ada",
                transcriptID: transcript, engine: EngineIdentity(known: "ear", model: "sharp"),
                timeout: .milliseconds(1_500), traceContext: ["traceparent": "00-1"])
            #expect(job == Job(request, id: job.id, at: job.createdAt))
            #expect(try await jobs.jobStats(queueName: QueueName(known: "mail"))[.queued] == 1)
        }
    }

    @Test func `what is left out is as in a request that leaves it out`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let jobs = PostgresJobQueueRepository(temporary.store)
            let text = try await temporary.psql("SELECT {schema}.enqueue('letter')")
            let job = try await stored(text, in: jobs)
            #expect(job == Job(JobRequest(JobType(known: "letter")), id: job.id, at: job.createdAt))
            let later = try await temporary.psql(
                "SELECT {schema}.enqueue('letter', scheduled_at => '2100-01-01 00:00:00+00')")
            let delayed = try await stored(later, in: jobs)
            #expect(delayed.status == .scheduled)
            #expect(delayed.scheduledAt == Timestamp(microseconds: 4_102_444_800_000_000))
        }
    }

    @Test func `a request whose unique key an open job has gives that job`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let jobs = PostgresJobQueueRepository(temporary.store)
            let first = try await jobs.enqueue(JobRequest(JobType(known: "letter"), uniqueKey: "once"))
            let again = "SELECT {schema}.enqueue('letter', unique_key => 'once')"
            #expect(JobID(try await temporary.psql(again)) == first)
            try await jobs.updateJobStatus(first, to: .cancelled)
            #expect(JobID(try await temporary.psql(again)) != first)
            let receipt = try await jobs.enqueue([JobRequest(JobType(known: "letter"), uniqueKey: "once")])
            #expect(receipt.skipped == [0])
        }
    }

    @Test func `the job is there if the client's transaction commits, and not before`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let jobs = PostgresJobQueueRepository(temporary.store)
            try await temporary.psql("BEGIN; SELECT {schema}.enqueue('letter'); ROLLBACK")
            #expect(try await jobs.jobStats(queueName: .default).total == 0)
            try await temporary.psql("BEGIN; SELECT {schema}.enqueue('letter'); COMMIT")
            #expect(try await jobs.jobStats(queueName: .default).total == 1)
        }
    }

    @Test(
        "what makes no sense is refused with a word on what to do",
        arguments: [
            ("job_type", "''"), ("job_type", "NULL"), ("job_type", "' letter'"), ("job_type", "E'a\\nb'"),
            ("job_type", "repeat('t', 51)"), ("queue", "'a', queue => ''"), ("queue", "'a', queue => repeat('q', 101)"),
            ("payload", "'a', NULL"), ("priority", "'a', priority => 4"), ("priority", "'a', priority => NULL"),
            ("unique_key", "'a', unique_key => ''"), ("unique_key", "'a', unique_key => repeat('k', 501)"),
            ("timeout", "'a', timeout => '0 s'"), ("timeout", "'a', timeout => '-1 s'"),
            ("engine", "'a', engine => 'Ear'"), ("engine", "'a', engine => 'ear model= sharp'"),
            ("trace_context", "'a', trace_context => '[]'"), ("trace_context", "'a', trace_context => '{\"a\": 1}'"),
        ])
    func refusal(name: String, arguments: String) async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let answer = try await temporary.psql(
                """
                CREATE TEMP TABLE answer (text text);
                DO $$
                DECLARE message text; state text;
                BEGIN
                    PERFORM {schema}.enqueue(\(arguments));
                EXCEPTION WHEN OTHERS THEN
                    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, state = RETURNED_SQLSTATE;
                    INSERT INTO answer VALUES (state || ' ' || message);
                END $$;
                SELECT text FROM answer
                """)
            #expect(answer.hasPrefix("22023 \(name): must"))
            #expect(try await PostgresJobQueueRepository(temporary.store).jobStats().isEmpty)
        }
    }
}
