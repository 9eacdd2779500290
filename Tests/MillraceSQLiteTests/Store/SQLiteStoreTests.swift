import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Testing

@Suite("The SQLite file")
struct SQLiteStoreTests {
    @Test("is made with mode 0600 in a folder of mode 0700, its journal too")
    func permissions() async throws {
        let temporary = try TemporaryStore()
        try await SQLiteJobQueueRepository(temporary.store).enqueue(JobRequest(JobType("work")))
        let empty = temporary.folder.appendingPathComponent("empty.db").path
        _ = FileManager.default.createFile(atPath: empty, contents: nil, attributes: [.posixPermissions: 0o644])
        _ = try SQLiteStore(path: empty)
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(temporary.store.path) == 0o600)
        #expect(try mode(temporary.store.path + "-wal") == 0o600)
        #expect(try mode(empty) == 0o600, "a file that somebody made empty before")
        #expect(try mode(temporary.folder.path) == 0o700)
    }

    @Test("waits for the disk at every commit, and keeps its journal beside it")
    func durable() async throws {
        let temporary = try TemporaryStore()
        let (synchronous, journal) = try await temporary.store.transaction { db in
            (
                try Int.fetchOne(db, sql: "PRAGMA synchronous"),
                try String.fetchOne(db, sql: "PRAGMA journal_mode")
            )
        }
        #expect(synchronous == 2, "FULL")
        #expect(journal == "wal")
    }

    @Test("jobs are enqueued and settled in a transaction of the caller's, or not at all")
    func callersTransaction() async throws {
        struct Refused: Error {}
        let temporary = try TemporaryStore()
        let jobs = SQLiteJobQueueRepository(temporary.store)
        let type = try JobType("work")
        await #expect(throws: Refused.self) {
            try await temporary.store.transaction { db in
                _ = try jobs.enqueue([JobRequest(type)], in: db)
                throw Refused()
            }
        }
        #expect(try await jobs.jobStats(queueName: .default).total == 0)

        try await temporary.store.transaction { db in
            try db.execute(sql: "CREATE TABLE effects (job TEXT)")
            _ = try jobs.enqueue([JobRequest(type)], in: db)
        }
        let worker = WorkerID.make(at: temporary.clock.now())
        try await jobs.register(worker, process: nil, leasedFor: .seconds(10))
        let job = try #require(try await jobs.claim(upTo: 1, from: JobScope(types: [type]), by: worker).first)
        for expected in [1, 1] {
            // The second time the lease is lost, and the effect goes with it.
            try? await temporary.store.transaction { db in
                try db.execute(sql: "INSERT INTO effects VALUES (?)", arguments: [job.id.description])
                guard try jobs.settle([JobSettlement(job, .completed(result: nil))], in: db).isEmpty else {
                    throw Refused()
                }
            }
            let effects = try await temporary.store.transaction { db in
                try Int.fetchOne(db, sql: "SELECT count(*) FROM effects")
            }
            #expect(effects == expected)
        }
        #expect(try await jobs.job(job.id)?.status == .completed)
    }

    @Test("a whole run goes through: plan, claim, settle, merge, finish")
    func wholeRun() async throws {
        let temporary = try TemporaryStore()
        let clock = temporary.clock
        let jobs = SQLiteJobQueueRepository(temporary.store)
        let processings = SQLiteProcessingRepository(temporary.store)
        let transcripts = SQLiteTranscriptRepository(temporary.store)
        let worker = WorkerID.make(at: clock.now())
        try await jobs.register(worker, process: nil, leasedFor: .seconds(10))
        let recipe = Recipe(engine: try EngineIdentity(kind: "command"))
        let hash = ContentHash(of: Data("sound".utf8))
        let transcriptID = TranscriptID.make(at: clock.now())
        let plan = try ParallelProcessor(
            id: .make(at: clock.now()), transcriptID: transcriptID,
            source: RecordingSource(path: "/a.wav", hash: hash, sampleCount: 32_000), recipe: recipe,
            chunks: [
                (.make(at: clock.now()), SampleRange(start: 0, end: 16_000)),
                (.make(at: clock.now()), SampleRange(start: 16_000, end: 32_000)),
            ], at: clock.now())
        let transcript = Transcript(
            id: transcriptID, source: "/a.wav", hash: hash, durationSeconds: 2, chunkCount: 2, at: clock.now())
        try await processings.start(plan, transcript: transcript)
        await #expect(throws: StoreError.self) { try await processings.start(plan, transcript: transcript) }

        let chunks = try await processings.claim(upTo: 10, from: ChunkScope(engines: [recipe.engine]), by: worker)
        #expect(chunks.map(\.task.index) == [0, 1])
        let result = ChunkResult(segments: [Segment(start: 0, end: 1, text: "hello")])
        let claimedAt = try await processings.load(plan.id)?.updatedAt
        clock.advance(by: .seconds(1))
        let receipt = try await processings.settle(
            chunks.map { ChunkSettlement($0.task, .completed(result, isFromCache: false)) })
        #expect(receipt == ChunkSettleReceipt(lost: [], merging: [plan.id]))
        #expect(try await processings.load(plan.id)?.updatedAt == claimedAt.map { $0 + .seconds(1) })
        let merges = try await jobs.claim(upTo: 10, from: JobScope(types: [.merge]), by: worker)
        #expect(merges.count == 1)
        var merged = transcript
        merged.status = .completed
        merged.text = "hello hello"
        let outcome = MergeOutcome(job: merges[0], merge: plan.merge, transcript: merged)
        #expect(try await processings.finish(outcome))
        #expect(try await !processings.finish(outcome))
        #expect(try await processings.load(plan.id)?.status == .completed)
        #expect(try await transcripts.load(transcriptID)?.text == "hello hello")
        #expect(try await jobs.job(merges[0].id)?.status == .completed)
    }
}
