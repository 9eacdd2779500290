import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePostgres

@Suite("Pruning in PostgreSQL")
struct PruneTests {
    private static let all: [ProcessingStatus] = [
        .pending, .processing, .merging, .completed, .partial, .failed, .cancelled,
    ]

    /// What another does to a transcript while it is about to be pruned.
    enum Meanwhile: String, CaseIterable {
        case resumed, finishedAnew, awaited

        fileprivate func statements(_ id: TranscriptID, in temporary: TemporaryPostgres) -> [String] {
            let schema = temporary.store.schema
            let now =
                "timestamptz 'epoch' + \(temporary.clock.now().microseconds) * interval '1 microsecond'"
            func change(_ status: String, _ end: String) -> [String] {
                [
                    """
                    UPDATE \(schema).processing_tasks SET status = '\(status)', completed_at = \(end)
                    WHERE transcript_id = '\(id)'
                    """,
                    "UPDATE \(schema).transcripts SET status = '\(status)', completed_at = \(end) WHERE id = '\(id)'",
                ]
            }
            switch self {
            case .resumed: return change("PROCESSING", "NULL")
            case .finishedAnew: return change("COMPLETED", now)
            case .awaited:
                return [
                    "SELECT 1 FROM \(schema).transcripts WHERE id = '\(id)' FOR SHARE", temporary.awaitByJob(id),
                ]
            }
        }
    }

    @Test(
        "decides about a transcript when it has it: what somebody takes up meanwhile stays, and the rest goes",
        arguments: Meanwhile.allCases)
    func race(meanwhile: Meanwhile) async throws {
        try await TemporaryPostgres.with { temporary in
            let store = temporary.store
            let taken = try await temporary.addRun(.failed, named: "taken")
            _ = try await temporary.addRun(.failed, named: "other")
            let pruning = try await store.transaction { connection in
                for statement in meanwhile.statements(taken, in: temporary) { try await connection.execute(statement) }
                let pruning = Task {
                    try await PostgresMaintenance(store).prune(
                        StorePruning(olderThan: .seconds(60), includesTranscripts: true))
                }
                try await eventually { try await temporary.isWaitedForRows() }
                return pruning
            }
            let pruned = try await pruning.value
            #expect(
                pruned.transcripts == 1 && pruned.processings == 1 && pruned.chunks == 2 && pruned.cacheEntries == 2)
            // That of the resumed run has ended long ago, as if it were no run's.
            #expect(pruned.jobs == 2)
            #expect(try await temporary.runs() == ["taken"])
            #expect(try await PostgresTranscriptRepository(store).load(taken) != nil)
            #expect(try await temporary.psql("SELECT count(*) FROM {schema}.cache_entries") == "2")
        }
    }

    @Test("deletes what ended long ago; transcripts stay, and all that is open or can be resumed")
    func old() async throws {
        try await TemporaryPostgres.with { temporary in
            for status in Self.all { _ = try await temporary.addRun(status, named: status.rawValue) }
            let pruned = try await prune(temporary, transcripts: false)
            #expect(pruned.processings == 2 && pruned.chunks == 4 && pruned.transcripts == 0)
            #expect(pruned.cacheEntries == 0)
            #expect(try await temporary.runs() == ["FAILED", "MERGING", "PARTIAL", "PENDING", "PROCESSING"])
            #expect(try await temporary.psql("SELECT count(*) FROM {schema}.transcripts") == "7")
            // A merge that its processing still waits for is the sweep's.
            #expect(pruned.jobs == 6)
            #expect(
                try await temporary.psql(
                    """
                    SELECT task.status FROM {schema}.processing_jobs JOIN {schema}.processing_tasks AS task
                    USING (transcript_id)
                    """) == "MERGING")
            #expect(try await prune(temporary, transcripts: false).isEmpty)
        }
    }

    @Test("deletes transcripts when asked to, with everything that was made for them, and none that is being made")
    func transcripts() async throws {
        try await TemporaryPostgres.with { temporary in
            for status in Self.all { _ = try await temporary.addRun(status, named: status.rawValue) }
            let pruned = try await prune(temporary, transcripts: true)
            #expect(
                pruned.transcripts == 4 && pruned.processings == 4 && pruned.chunks == 8 && pruned.cacheEntries == 8)
            #expect(try await temporary.runs() == ["MERGING", "PENDING", "PROCESSING"])
            #expect(try await temporary.psql("SELECT count(*) FROM {schema}.transcripts") == "3")
        }
    }

    @Test("keeps what an open job still waits for", arguments: [false, true])
    func awaited(transcripts: Bool) async throws {
        try await TemporaryPostgres.with { temporary in
            let id = try await temporary.addRun(.completed, named: "awaited")
            try await temporary.psql(temporary.awaitByJob(id))
            _ = try await prune(temporary, transcripts: transcripts)
            #expect(try await temporary.runs() == ["awaited"])
            try await temporary.psql(
                "UPDATE {schema}.processing_jobs SET status = 'CANCELLED', completed_at = now() WHERE awaits IS NOT NULL"
            )
            #expect(try await prune(temporary, transcripts: transcripts).processings == 1)
            #expect(try await temporary.runs() == [])
        }
    }

    @Test("deletes samples of metrics that are old")
    func samples() async throws {
        try await TemporaryPostgres.with { temporary in
            let series = MetricSeries(try MetricName("depth"))
            let now = temporary.clock.now()
            try await PostgresMetricsRepository(temporary.store).write(
                (0..<1_200).map { MetricSample(series, 1, at: now - .seconds($0)) })
            let maintenance = PostgresMaintenance(temporary.store)
            #expect(try await maintenance.info().samples == 1_200)
            #expect(try await prune(temporary, transcripts: false).samples == 1_139)
            #expect(try await maintenance.info().samples == 61)
            #expect(try await prune(temporary, transcripts: false).isEmpty)
        }
    }

    /// Prunes what is a minute old, and sees to it that a dry run says the same.
    private func prune(_ temporary: TemporaryPostgres, transcripts: Bool) async throws -> StorePruned {
        let maintenance = PostgresMaintenance(temporary.store)
        let expected = try await maintenance.prune(
            StorePruning(olderThan: .seconds(60), includesTranscripts: transcripts, isDryRun: true))
        let pruned = try await maintenance.prune(
            StorePruning(olderThan: .seconds(60), includesTranscripts: transcripts))
        #expect(pruned == expected)
        return pruned
    }
}
