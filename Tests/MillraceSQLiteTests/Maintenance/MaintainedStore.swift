import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Testing

extension StoreInfo {
    /// Jobs of any status.
    var jobCount: Int { jobs.values.reduce(0, +) }
}

/// A store with runs in every state, and what looks after it.
struct MaintainedStore {
    static let engine = EngineIdentity(known: "ear")

    let temporary: TemporaryStore
    let jobs: SQLiteJobQueueRepository
    let processings: SQLiteProcessingRepository
    let transcripts: SQLiteTranscriptRepository
    let cache: SQLiteCacheStore

    init() throws {
        temporary = try TemporaryStore()
        jobs = SQLiteJobQueueRepository(temporary.store)
        processings = SQLiteProcessingRepository(temporary.store)
        transcripts = SQLiteTranscriptRepository(temporary.store)
        cache = SQLiteCacheStore(temporary.store)
    }

    var clock: ManualClock { temporary.clock }
    var path: String { temporary.store.path }
    var maintenance: SQLiteMaintenance { SQLiteMaintenance(path: path, clock: clock) }

    func file(_ name: String) -> String { temporary.folder.appendingPathComponent(name).path }

    /// What lies in the folder besides the store and its log.
    func otherFiles() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: temporary.folder.path)
            .filter { !["millrace.db", "millrace.db-wal", "millrace.db-shm"].contains($0) }.sorted()
    }

    /// Changes rows as no verb would.
    func tamper(_ sql: String) async throws {
        try await DatabaseQueue(path: path).writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            try db.execute(sql: sql)
        }
    }

    func number(_ sql: String, in path: String? = nil) async throws -> Int {
        try await DatabaseQueue(path: path ?? self.path).read { db in try Int.fetchOne(db, sql: sql) ?? 0 }
    }

    func worker() async throws -> WorkerID {
        let id = WorkerID.make(at: clock.now())
        try await jobs.register(id, process: nil, leasedFor: .seconds(10))
        return id
    }

    /// Plans a run of a recording with a name of its own.
    func start(_ name: String, chunks: Int = 3) async throws -> ParallelProcessor {
        let now = clock.now()
        let hash = ContentHash(of: Data(name.utf8))
        let second = Int64(SampleRange.sampleRate)
        let source = RecordingSource(path: "/\(name).wav", hash: hash, sampleCount: second * Int64(chunks))
        let transcript = Transcript(
            id: .make(at: now), source: source.path, hash: hash, durationSeconds: source.durationSeconds,
            chunkCount: chunks, at: now)
        let plan = try ParallelProcessor(
            id: .make(at: now), transcriptID: transcript.id, source: source, recipe: Recipe(engine: Self.engine),
            chunks: (0..<Int64(chunks)).map { index in
                (.make(at: now), try SampleRange(start: index * second, end: (index + 1) * second))
            }, at: now)
        try await processings.start(plan, transcript: transcript)
        return plan
    }

    /// Transcribes up to `limit` of the chunks that wait; those in `failing` fail for good.
    func transcribe(_ limit: Int = 1_000, failing: Set<Int> = []) async throws {
        let scope = ChunkScope(engines: [Self.engine])
        let held = try await processings.claim(upTo: limit, from: scope, by: worker())
        let result = ChunkResult(segments: [Segment(start: 0, end: 1, text: "word")])
        for chunk in held {
            _ = try await cache.put(key(of: chunk.task), CacheValue(encoding: result), ttl: TTL(.seconds(3_600)))
        }
        _ = try await processings.settle(
            held.map { chunk in
                ChunkSettlement(
                    chunk.task,
                    failing.contains(chunk.task.index)
                        ? .failed(error: "noise") : .completed(result, isFromCache: false),
                    cacheKey: try key(of: chunk.task))
            })
    }

    /// Writes samples of a metric, one a minute up to now.
    func measure(_ count: Int) async throws {
        let series = MetricSeries(try MetricName("depth"))
        let now = clock.now()
        try await SQLiteMetricsRepository(temporary.store).write(
            (0..<count).map { MetricSample(series, Double($0), at: now - .seconds(60) * (count - $0)) })
    }

    private func key(of chunk: ChunkTask) throws -> CacheKey { try CacheKey("chunk \(chunk.id)") }

    /// Merges what waits for it.
    func merge() async throws {
        for job in try await jobs.claim(upTo: 100, from: JobScope(types: [.merge]), by: worker()) {
            let merge = try job.payload.decode(MergePayload.self)
            guard let row = try await processings.row(merge.processingID),
                var transcript = try await transcripts.load(row.transcriptID)
            else { continue }
            var merger = TranscriptMerger()
            for try await chunk in processings.results(of: row.id) { merger.add(chunk) }
            merger.finish(&transcript, policy: .partial, at: clock.now())
            _ = try await processings.finish(MergeOutcome(job: job, merge: merge, transcript: transcript))
        }
    }

    /// Runs in every state: done, with a gap, failed, called off, merging, half done and untouched; jobs and cached
    /// values too.
    func fill() async throws -> [String: ParallelProcessor] {
        var runs: [String: ParallelProcessor] = [:]
        runs["done"] = try await start("done")
        try await transcribe()
        runs["partial"] = try await start("partial")
        try await transcribe(failing: [1])
        runs["failed"] = try await start("failed")
        try await transcribe(failing: [0, 1, 2])
        try await merge()
        let cancelled = try await start("cancelled")
        try await transcribe(1)
        var called = try #require(try await processings.load(cancelled.id))
        try called.cancel(at: clock.now())
        try await processings.save(called)
        runs["cancelled"] = called
        runs["merging"] = try await start("merging")
        try await transcribe()
        runs["half"] = try await start("half")
        try await transcribe(2)
        let type = try JobType("work")
        try await jobs.enqueue(JobRequest(type))
        for job in try await jobs.claim(upTo: 1, from: JobScope(types: [type]), by: worker()) {
            _ = try await jobs.settle([JobSettlement(job, .completed(result: JSONText(encoding: [1])))])
        }
        try await jobs.enqueue(JobRequest(type))
        runs["pending"] = try await start("pending")
        return runs
    }
}
