import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePostgres

/// Jobs that wait for transcripts.
@Suite("A job that waits for a transcript", .timeLimit(.minutes(5)))
struct AwaitingTests {
    private struct Lab: Sendable {
        let temporary: TemporaryPostgres
        let jobs: PostgresJobQueueRepository
        let transcript: TranscriptID
        let worker: WorkerID
        let scope = JobScope(types: [JobType(known: "work")])

        var store: PostgresStore { temporary.store }

        /// A job of the transcript, held by the worker.
        func heldJob() async throws -> Job {
            try await jobs.enqueue(JobRequest(scope.types[0], transcriptID: transcript))
            return try #require(try await jobs.claim(upTo: 1, from: scope, by: worker).first)
        }

        func awaiting(_ job: Job) -> [JobSettlement] {
            [JobSettlement(job, .awaiting(transcript, until: temporary.clock.timeOfDay + .seconds(3_600)))]
        }
    }

    private func withLab(_ body: (Lab) async throws -> Void) async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let lab = Lab(
                temporary: temporary, jobs: PostgresJobQueueRepository(temporary.store),
                transcript: .make(at: temporary.clock.timeOfDay), worker: .make(at: temporary.clock.timeOfDay))
            try await lab.jobs.register(lab.worker, process: nil, leasedFor: .seconds(60))
            try await temporary.psql(
                """
                INSERT INTO {schema}.transcripts (
                    id, source, content_hash, duration_seconds, status, text, segments, total_chunks, completed_chunks,
                    failed_chunks, cached_chunks, created_at, updated_at
                )
                VALUES ('\(lab.transcript)', 'a.wav', '', 1, 'PROCESSING', '', '[]', 1, 0, 0, 0, now(), now())
                """)
            try await body(lab)
        }
    }

    @Test func `begins to wait without coming in the way of who deletes the transcript and its jobs`() async throws {
        try await withLab { (lab) async throws in
            let (job, schema) = (try await lab.heldJob(), lab.store.schema)
            let id = PostgresParameter.id(lab.transcript)
            let settlement = try await lab.store.withConnection { deleter in
                try await deleter.withTransaction(retries: 0) { transaction in
                    // As a deletion does it: the transcript first, then the jobs.
                    _ = try await transaction.query(
                        "SELECT 1 FROM \(schema).transcripts WHERE id = $1 FOR UPDATE", [id])
                    let settlement = Task {
                        try await lab.store.pool.withConnection { connection in
                            try await lab.jobs.settle(lab.awaiting(job), in: connection)
                        }
                    }
                    try await eventually {
                        try await lab.temporary.psql(
                            """
                            SELECT count(*) FROM pg_stat_activity
                            WHERE wait_event_type = 'Lock' AND position('\(lab.temporary.schema.name)' IN query) > 0
                            """) == "1"
                    }
                    _ = try await transaction.query(
                        "SELECT 1 FROM \(schema).processing_jobs WHERE transcript_id = $1 ORDER BY id FOR UPDATE", [id])
                    return settlement
                }
            }
            #expect(try await settlement.value == [])
            #expect(try await lab.jobs.job(job.id)?.status == .scheduled)
        }
    }

    @Test func `is announced and claimed as soon as the transcript has ended, though it stands behind all others`()
        async throws
    {
        try await withLab { (lab) async throws in
            let job = try await lab.heldJob()
            #expect(try await lab.jobs.settle(lab.awaiting(job)) == [])
            // Until not even a look back gets there.
            for _ in 0..<3 {
                lab.temporary.clock.advance(by: .milliseconds(1_100))
                _ = try await lab.heldJob()
            }
            let heard = Locked<[WorkAnnouncement]>([])
            let announcements = try #require(lab.jobs.announcements)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await announcements.announceWork { announcement in heard.withLock { $0.append(announcement) } }
                }
                try await eventually { heard.withLock { $0.contains(.listening) } }
                #expect(try await lab.jobs.claim(upTo: 1, from: lab.scope, by: lab.worker).isEmpty)
                try await lab.temporary.psql(
                    "UPDATE {schema}.transcripts SET status = 'COMPLETED' WHERE id = '\(lab.transcript)'")
                // The clock stands still, so nothing but what is said can lead to it.
                try await eventually {
                    try await lab.jobs.claim(upTo: 1, from: lab.scope, by: lab.worker).map(\.id) == [job.id]
                }
                #expect(heard.withLock { $0.contains(.jobs) })
                group.cancelAll()
            }
        }
    }
}
